//! Single cases of rows: chunks that were lent together and are answered, lost or given back in parts.

use super::*;

/// A run over single numbers whose workers hold four chunks each, in a row.
fn bench(len: i128, workers: u32) -> Bench {
    let mut bench = Bench::fixed(len, 1, workers);
    // The first chunk shows what chunks cost.
    (0..workers).for_each(|worker| bench.answer(worker, bench.chunk(worker).0, 1).unwrap());
    bench
}

impl Bench {
    fn answer_row(
        &mut self,
        worker: u32,
        row: &[Assignment],
        words: &[u64],
    ) -> Result<(), Violation> {
        self.say(worker, 1000, |packer| {
            row.iter().zip(words).for_each(|(chunk, word)| packer.answer(chunk.lease, *word));
        })
    }

    /// The four chunks in the hands of a worker.
    fn row(&self, worker: u32) -> Vec<Assignment> {
        let row = self.held[worker as usize].clone();
        assert_eq!(row.len(), 4);
        assert_eq!(row[0].lease.0 + 3, row[3].lease.0, "their names follow each other");
        row
    }

    fn covered(&self) -> u128 {
        self.scheduler.ledger().covered().len()
    }
}

#[test]
fn a_chunk_of_a_row_that_is_answered_twice_counts_once() {
    let mut bench = bench(100, 1);
    let row = bench.row(0);
    bench.answer_row(0, &row[..2], &[1, 0]).unwrap();
    bench.answer_row(0, &row[1..3], &[0, 1]).unwrap();
    assert_eq!((bench.scheduler.stale_answers(), bench.covered()), (1, 4));
    assert_eq!(*bench.scheduler.answer(), Value::Count(3));
    let first = row[1].interval.first();
    let twice = Err(Violation::Twice { first, values: Some([0, 1]) });
    assert_eq!(bench.answer_row(0, &row[1..4], &[1, 1, 1]), twice);
    assert_eq!(*bench.scheduler.answer(), Value::Count(3), "nothing behind it is merged");
}

#[test]
fn a_row_with_an_impossible_value_counts_nothing() {
    let mut bench = bench(100, 1);
    let row = bench.row(0);
    let (worker, lease) = (WorkerId(0), row[0].lease);
    let impossible = Err(Violation::ImpossibleValue { worker, lease });
    assert_eq!(bench.answer_row(0, &row, &[1, 1, 2, 1]), impossible);
    assert_eq!(bench.covered(), 1);
    bench.answer_row(0, &row, &[1, 1, 1, 1]).unwrap();
    assert_eq!(bench.covered(), 5);
}

#[test]
fn each_chunk_of_a_lost_row_that_is_not_answered_goes_out_again() {
    let mut bench = bench(5, 1);
    let row = bench.row(0);
    bench.answer_row(0, &row[1..3], &[1, 1]).unwrap();
    bench.handle(SchedulerEvent::Lost { worker: WorkerId(0), cause: None }).unwrap();
    assert_eq!(bench.scheduler.ledger().returned(), 2);
    bench.join();
    let mut again = vec![];
    while !bench.scheduler.is_finished() {
        let chunks = core::mem::take(&mut bench.held[1]);
        bench.answer_row(1, &chunks, &vec![1; chunks.len()]).unwrap();
        again.extend(chunks.iter().map(|chunk| (chunk.lease.attempt(), chunk.interval)));
    }
    assert_eq!(again, [(2, row[0].interval), (2, row[3].interval)]);
    assert_eq!(*bench.scheduler.answer(), Value::Count(5));
}

#[test]
fn a_chunk_that_is_given_back_from_the_middle_of_a_row_goes_out_again() {
    let mut bench = bench(5, 1);
    let row = bench.row(0);
    bench.say(0, 1, |packer| packer.release(row[1].lease, row[1].interval.first())).unwrap();
    assert_eq!(bench.scheduler.ledger().remaining(), 1);
    bench.answer_row(0, &row, &[1, 1, 1, 1]).unwrap();
    assert_eq!((bench.scheduler.stale_answers(), bench.covered()), (1, 4), "it came too late");
    let [again] = bench.held[0][..] else { panic!() };
    assert_eq!((again.interval, again.lease.attempt()), (row[1].interval, 1));
    bench.answer(0, again.lease, 1).unwrap();
    assert!(bench.scheduler.is_finished());
}

#[test]
fn each_late_answer_of_a_row_is_compared_with_that_of_the_second_holder() {
    for (late, is_conflict) in [([1, 0, 1, 0], false), ([1, 0, 0, 1], true)] {
        let mut bench = bench(100, 2);
        let (old, own) = (bench.row(0), bench.row(1));
        bench.handle(SchedulerEvent::Silent { worker: WorkerId(0) }).unwrap();
        bench.answer_row(1, &own, &[1; 4]).unwrap();
        bench.answer_row(0, &old, &late).unwrap();
        let new = bench.row_of_second_holder();
        assert!(new.iter().zip(&old).all(|(new, old)| new.interval == old.interval));
        let outcome = bench.answer_row(1, &new, &[1, 0, 1, 0]);
        let numbers = old[2].interval;
        let conflict = Err(Violation::Conflict { numbers, values: Some([0, 1]) });
        assert_eq!(outcome, if is_conflict { conflict } else { Ok(()) });
    }
}

impl Bench {
    /// The four chunks that worker 1 got again.
    fn row_of_second_holder(&self) -> Vec<Assignment> {
        let row = self.held[1].clone();
        assert!(row.len() == 4 && row.iter().all(|chunk| chunk.lease.attempt() == 2), "{row:?}");
        row
    }
}
