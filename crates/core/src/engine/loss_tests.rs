//! Ends of workers: which cause their numbers get, which workers garbage condemns, and when a run gives up.

use super::*;
use crate::aggregate::Aggregate;
use crate::frame::{Frame, PIPE_FRAME, Packer, crash_report};
use crate::lease::WorkerId;
use crate::partial::Cause;
use crate::policy::Policy;
use crate::range::Range;
use crate::scheduler::{Scheduler, Violation};
use crate::supervisor::{Heard, InvalidFrame};
use core::num::NonZeroU32;

const SECOND: u64 = 1_000_000_000;
const KILLED: Option<Cause> = Some(Cause::Signal(9));

/// A run with this many workers, each with a chunk.
fn run(workers: usize) -> Primary {
    let range = Range::new(0, 1000).unwrap();
    let scheduler = Scheduler::new(range, Aggregate::Count, Policy::Static, workers as u32);
    let mut engine = Primary::new(scheduler, Aggregate::Count, workers);
    (0..workers).for_each(|slot| engine.worker_joined(slot, 4, 0).unwrap());
    while engine.poll(0).unwrap().is_some() {}
    engine
}

/// Hears one frame under a name.
fn hear(
    engine: &mut Primary,
    name: WorkerId,
    pack: impl FnOnce(&mut Packer),
) -> Result<Heard, InvalidFrame> {
    let mut packer = Packer::new(name, PIPE_FRAME);
    pack(&mut packer);
    packer.seal(1);
    engine.hear_worker(Frame::whole(packer.bytes(), PIPE_FRAME).unwrap(), 0)
}

fn cause(engine: &mut Primary, slot: usize, end: Option<Cause>) -> Option<Cause> {
    engine.worker_ended(slot, end, 0).unwrap().cause
}

/// Whether the run ends for this reason. Inputs put an end before all other outputs, of which none is carried out here.
fn ends(engine: &mut Primary, now_ns: u64, is_reason: impl Fn(StopReason) -> bool) -> bool {
    matches!(engine.poll(now_ns).unwrap(), Some(EngineOutput::End(end)) if is_reason(end))
}

/// Whether the run ends without a worker.
fn gives_up(engine: &mut Primary, now_ns: u64) -> bool {
    ends(engine, now_ns, |end| end == StopReason::NoWorkerLeft)
}

#[test]
fn the_way_a_worker_ends_is_the_cause_unless_the_engine_knows_better() {
    assert_eq!(cause(&mut run(1), 0, KILLED), KILLED);
    let mut engine = run(1);
    engine.note_reason(0, LossReason::Memory);
    assert_eq!(cause(&mut engine, 0, KILLED), Some(Cause::Memory));
    let mut engine = run(1);
    engine.worker_is_late(0, None);
    assert_eq!(cause(&mut engine, 0, KILLED), Some(Cause::Timeout));
    // It leaves for a reason of its own.
    let mut engine = run(1);
    hear(&mut engine, WorkerId(0), |packer| packer.farewell(3, 32)).unwrap();
    assert_eq!(cause(&mut engine, 0, Some(Cause::Exit(74))), None);
}

#[test]
fn garbage_blames_a_number_only_if_one_worker_can_have_written_it() {
    let mut engine = run(1);
    assert_eq!(engine.suspect(), [0]);
    assert_eq!(cause(&mut engine, 0, KILLED), Some(Cause::Garbage));
    let mut engine = run(2);
    assert_eq!(engine.suspect(), [0, 1]);
    assert_eq!(cause(&mut engine, 0, KILLED), None);
    assert_eq!(cause(&mut engine, 1, KILLED), None);
    assert!(engine.suspect().is_empty(), "no worker is left");
}

#[test]
fn garbage_of_workers_without_work_condemns_all_of_them() {
    let scheduler = Scheduler::open_ended(Aggregate::Count, 2);
    let mut engine = Primary::new(scheduler, Aggregate::Count, 2);
    (0..2).for_each(|slot| engine.worker_joined(slot, 4, 0).unwrap());
    assert_eq!(engine.suspect(), [0, 1]);
}

#[test]
fn a_crash_report_of_a_worker_that_lives_does_not_explain_what_it_is_killed_for() {
    let mut engine = run(1);
    let report = crash_report(WorkerId(0), 3, None);
    engine.hear_worker(Frame::whole(&report, PIPE_FRAME).unwrap(), 0).unwrap();
    assert_eq!(engine.loss_reason(0), Some(LossReason::CrashReport { n: 3, cause: None }));
    engine.suspect();
    assert_eq!(engine.loss_reason(0), Some(LossReason::Garbage));
    // Another reason stays.
    let mut engine = run(1);
    engine.note_reason(0, LossReason::Memory);
    engine.suspect();
    assert_eq!(engine.loss_reason(0), Some(LossReason::Memory));
}

#[test]
fn five_refused_starts_at_different_times_end_a_run_without_a_worker() {
    let mut engine = run(2);
    engine.worker_ended(0, KILLED, 0).unwrap();
    for second in 0..9 {
        engine.worker_refused(0, second * SECOND);
    }
    assert!(!gives_up(&mut engine, 9 * SECOND), "the other worker is left");
    engine.worker_ended(1, KILLED, 9 * SECOND).unwrap();
    assert!(engine.worker_refused(1, 9 * SECOND), "the first refusal of this slot");
    assert!(gives_up(&mut engine, 9 * SECOND));

    let mut engine = run(2);
    engine.worker_ended(0, KILLED, 0).unwrap();
    engine.worker_ended(1, KILLED, 0).unwrap();
    for second in 0..4 {
        // Two slots at the same moment are one refusal.
        engine.worker_refused(0, second * SECOND);
        engine.worker_refused(1, second * SECOND);
    }
    assert!(!gives_up(&mut engine, 3 * SECOND), "these are four");
    engine.worker_joined(0, 4, 4 * SECOND).unwrap();
    engine.worker_ended(0, KILLED, 4 * SECOND).unwrap();
    engine.worker_refused(0, 5 * SECOND);
    assert!(!gives_up(&mut engine, 5 * SECOND), "a worker joined in between");
}

#[test]
fn three_workers_that_cannot_begin_end_a_run_without_a_result() {
    let mut engine = run(3);
    for slot in 0..3 {
        engine.worker_ended(slot, Some(Cause::Exit(71)), 0).unwrap();
        engine.worker_could_not_begin(slot);
        let is_ended = ends(&mut engine, 0, |end| matches!(end, StopReason::NoWorkerBegins { .. }));
        assert_eq!(is_ended, slot == 2);
    }
}

#[test]
fn a_frame_from_the_result_pipe_under_the_name_of_an_agent_is_no_frame() {
    let mut engine = run(1);
    let slot = engine.agent_joined(NonZeroU32::MIN, 4, 0).unwrap();
    assert_eq!(slot, 1);
    let farewell = hear(&mut engine, WorkerId(1), |packer| packer.farewell(3, 32));
    assert_eq!(farewell, Err(InvalidFrame::UnknownName));
    let credit = hear(&mut engine, WorkerId(1), |packer| packer.credit(1));
    assert_eq!(credit, Err(InvalidFrame::UnknownName));
    // Under the name of the worker it is a violation.
    let credit = hear(&mut engine, WorkerId(0), |packer| packer.credit(1));
    let Err(InvalidFrame::Worker { slot: 0, violation: Violation::Malformed { .. } }) = credit
    else {
        panic!("{credit:?}")
    };
    assert_eq!(cause(&mut engine, 0, KILLED), Some(Cause::Garbage));
}
