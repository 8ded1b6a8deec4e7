//! Seats: which are silent after which time, and when vacant ones are filled.

use super::*;

const MS: u64 = 1_000_000;

fn seats() -> Seats {
    let mut seats = Seats::new(2);
    seats.fill(0);
    seats.fill(1);
    seats
}

#[test]
fn the_first_loss_is_made_up_for_at_once_and_further_ones_later_and_later() {
    let mut seats = seats();
    let mut now_ns = 0;
    let mut pauses = std::vec![];
    for times in 1..=LOSSES_IN_A_ROW {
        assert_eq!(seats.lose(0, false, now_ns), times);
        let before_ns = now_ns;
        now_ns = seats.next_ns().unwrap();
        pauses.push((now_ns - before_ns) / MS);
        assert_eq!(seats.due(true, now_ns), Some(SeatTimer::Fill { slot: 0 }));
        seats.fill(0);
        seats.due(true, now_ns);
    }
    assert_eq!(pauses[..5], [0, 1, 2, 4, 8]);
    assert_eq!(pauses[15..], [1000; 5]);
}

#[test]
fn seats_that_are_lost_in_step_are_not_filled_in_step() {
    let mut seats = seats();
    for slot in [0, 1, 0, 1] {
        seats.lose(slot, false, 0);
    }
    assert_eq!(seats.due(true, MS), Some(SeatTimer::Fill { slot: 0 }));
    seats.fill(0);
    assert_eq!(seats.due(true, MS), None);
    assert_eq!(seats.due(true, 2 * MS), Some(SeatTimer::Fill { slot: 1 }));
}

#[test]
fn what_is_finished_ends_the_row_and_what_is_explained_is_not_in_it() {
    let mut seats = seats();
    assert_eq!(seats.lose(0, false, 0), 1);
    assert_eq!(seats.lose(0, true, 0), 1);
    seats.finished_something(0);
    assert_eq!(seats.lose(0, false, 0), 1);
}

#[test]
fn a_seat_stays_empty_while_there_is_no_work() {
    let mut seats = seats();
    seats.lose(0, false, 0);
    assert_eq!(seats.due(false, 0), None);
    assert_eq!(seats.next_ns(), None);
    seats.look_again();
    assert_eq!(seats.due(true, 0), Some(SeatTimer::Fill { slot: 0 }));
}

#[test]
fn an_agent_is_silent_after_five_seconds_and_nobody_replaces_it() {
    let mut seats = seats();
    assert_eq!(seats.welcome(7), 2);
    assert!(!seats.hear(2, 8));
    assert_eq!(seats.due(true, 8 + SILENCE_NS - 1), None);
    assert_eq!(seats.next_ns(), Some(8 + SILENCE_NS));
    assert_eq!(seats.due(true, 8 + SILENCE_NS), Some(SeatTimer::Silence { slot: 2 }));
    assert_eq!(seats.due(true, 8 + SILENCE_NS), None);
    assert!(seats.hear(2, 9 + SILENCE_NS));
    assert_eq!(seats.next_ns(), Some(9 + 2 * SILENCE_NS));
    assert_eq!(seats.lose(2, false, 9 + SILENCE_NS), 0);
    assert_eq!(seats.due(true, u64::MAX), None);
    assert_eq!(seats.welcome(0), 2);
}

#[test]
fn the_limit_of_silence_is_for_stopped_workers_and_agents() {
    let mut seats = seats();
    seats.set_silence(500);
    seats.stop(0, 1);
    assert_eq!(seats.welcome(2), 2);
    assert_eq!(seats.due(true, 500), None);
    assert_eq!(seats.due(true, 501), Some(SeatTimer::Silence { slot: 0 }));
    assert_eq!(seats.due(true, 501), None);
    assert_eq!(seats.due(true, 502), Some(SeatTimer::Silence { slot: 2 }));
    seats.stop(1, 600);
    seats.is_stopped_again(1, 600);
    assert_eq!(seats.due(true, 649), None);
    assert_eq!(seats.due(true, 650), Some(SeatTimer::Silence { slot: 1 }));
}

#[test]
fn agents_that_fall_silent_together_are_told_one_by_one_and_the_others_stay() {
    let mut seats = Seats::new(0);
    (0..6).for_each(|slot| assert_eq!(seats.welcome(0), slot));
    [1, 3, 4].into_iter().for_each(|slot| assert!(!seats.hear(slot, 100)));
    let now_ns = SILENCE_NS + 50;
    let due = |seats: &mut Seats| seats.due(true, now_ns);
    assert_eq!(due(&mut seats), Some(SeatTimer::Silence { slot: 0 }));
    // Heard again while the pass goes on behind it.
    assert!(seats.hear(0, now_ns));
    assert_eq!(due(&mut seats), Some(SeatTimer::Silence { slot: 2 }));
    assert_eq!(due(&mut seats), Some(SeatTimer::Silence { slot: 5 }));
    assert_eq!(due(&mut seats), None);
    assert_eq!(seats.next_ns(), Some(SILENCE_NS + 100));
    seats.lose(2, false, now_ns);
    seats.lose(0, false, now_ns);
    assert_eq!([seats.welcome(now_ns), seats.welcome(now_ns), seats.welcome(now_ns)], [0, 2, 6]);
    for slot in [1, 3, 4] {
        assert_eq!(seats.due(true, now_ns + 50), Some(SeatTimer::Silence { slot }));
    }
    assert_eq!(seats.due(true, now_ns + 50), None);
    assert_eq!(seats.next_ns(), Some(now_ns + SILENCE_NS));
}

#[test]
fn a_stopped_worker_is_silent_after_five_seconds() {
    let mut seats = seats();
    seats.stop(0, 7);
    assert_eq!(seats.due(true, 7), None);
    assert_eq!(seats.next_ns(), Some(7 + SILENCE_NS));
    assert_eq!(seats.due(true, 7 + SILENCE_NS), Some(SeatTimer::Silence { slot: 0 }));
    assert_eq!(seats.in_the_way(), None);
    seats.refuse(1, 7);
    assert_eq!(seats.in_the_way(), Some(0));
    seats.fill(1);
    assert!(seats.go_on(0));
    seats.stop(1, 0);
    assert!(!seats.go_on(1));
    assert_eq!(seats.due(true, 2 * SILENCE_NS), None);
}
