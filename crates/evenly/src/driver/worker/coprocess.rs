//! A worker with a coprocess: a program that reads chunks as lines and answers each with a line.
//!
//! Where answers come quickly, chunks are written to it before it is asked for them, so that nobody waits
//! for a round trip. When it fails with several chunks in hand it is not known which one is to blame: it is
//! started again and gets them one at a time. When it ends after it has answered others, what it did for those
//! may be to blame, or it does so many and leaves: only one that was just started shows what a chunk is worth.

mod partner;

use super::commands::Shop;
use super::errand::{Errand, Timer, pipe_from};
use super::errors::Gathered;
use super::memory::Appetite;
use super::{Leave, Seat};
use crate::function::MOST_OUTPUT;
use crate::process::End;
use crate::process::call::{Call, in_call};
use crate::process::sys::position;
use evenly_core::frame::Unpacker;
use evenly_core::{Aggregate, Cause, Interval};
use partner::Partner;
use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// So many chunks may be in its hands where answers come quickly, and how quickly that is.
const AHEAD: usize = 4096;
const QUICK: Duration = Duration::from_millis(1);

/// After so long without its first answer, whoever waits is told what it may be.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long it has to leave at the end of its work, or when it has closed its output or its input.
const GRACE: Duration = Duration::from_millis(500);

/// What is known of how it works.
struct Habits {
    /// Whether it answers so quickly that more than one chunk is to be in its hands.
    is_quick: bool,
    /// So many chunks are given one at a time, for one of them is to blame for its end.
    cautious: usize,
    /// Whether its time was over with several chunks in hand: it never gets several again.
    is_slow: bool,
}

impl Seat<'_> {
    /// Has a coprocess answer all chunks until end of file.
    pub(super) fn run_coprocess(
        &mut self,
        unpacker: &mut Unpacker,
        shop: &mut Shop,
    ) -> Result<(), Leave> {
        let mut habits = Habits { is_quick: false, cautious: 0, is_slow: false };
        let mut partner: Option<Partner> = None;
        loop {
            let Some(step) = self.worker.next(shop.longest) else {
                if partner.as_mut().is_some_and(Partner::has_said_more) {
                    return Err(UNASKED);
                }
                self.send()?;
                tidy_up(partner.as_ref(), shop);
                match self.wait(unpacker, shop, [], None) {
                    Ok(_) => {}
                    Err(leave @ (Leave::Abandoned | Leave::Asked)) => {
                        return end_of_work(partner, shop).and(Err(leave));
                    }
                    Err(leave) => return Err(leave),
                }
                self.start_the_watch();
                continue;
            };
            if step.is_begun_again {
                self.send()?;
            }
            self.ask(step.slice, &mut partner, &mut habits, (unpacker, shop))?;
        }
    }

    /// Has these numbers answered, or the first of them, and notes what came of it.
    fn ask(
        &mut self,
        mut numbers: Interval,
        partner: &mut Option<Partner>,
        habits: &mut Habits,
        (unpacker, shop): (&mut Unpacker, &mut Shop),
    ) -> Result<(), Leave> {
        let command = Rc::clone(&shop.command);
        let aggregate = self.worker.tally().aggregate();
        let mut repeated = 0;
        loop {
            self.worker.hold(numbers);
            if partner.is_none() {
                *partner = Some(self.take_on(numbers, repeated, unpacker, shop)?);
            }
            let Some(at_work) = partner else { continue };
            position::enter(numbers.first(), numbers.last());
            let answer = self.answer(numbers, at_work, habits, (unpacker, shop));
            position::leave();
            let answer = answer?;
            let mut refused = None;
            let told = match answer {
                Ok(line) => {
                    let line = &at_work.read[line.0..line.1];
                    let told = command.tell_output(numbers, line, self.worker.tally());
                    refused = told.is_err().then(|| line.to_vec());
                    told
                }
                Err(cause) => Err(cause),
            };
            let cause = match told {
                Ok(()) => {
                    at_work.answers += 1;
                    if at_work.answers.is_multiple_of(LOOK) {
                        tidy_up(Some(at_work), shop);
                    }
                    habits.cautious = habits.cautious.saturating_sub(1);
                    shop.lengthen();
                    return self.note_quickly(numbers.last(), unpacker);
                }
                Err(cause) => cause,
            };
            // What it has not read, another one can answer.
            let is_unread = at_work.reads_no_more();
            let has_done_others = at_work.answers > 0;
            // Whatever it says after that cannot be trusted.
            let mut others = 0;
            if let Some(mut at_work) = partner.take() {
                let appetite = at_work.appetite.take().filter(|_| cause == Cause::Memory);
                others = at_work.dismiss(shop, numbers);
                appetite.iter().for_each(|appetite| appetite.clear_away(shop));
            }
            tidy_up(None, shop);
            if others > 0 {
                habits.is_slow |= cause == Cause::Timeout;
                habits.cautious = others + 1;
            } else if has_done_others && (is_unread || is_to_be_asked_again(cause, aggregate)) {
                // By a fresh one.
            } else if let Some(next) = shop.next_try(numbers, &mut repeated, aggregate) {
                numbers = next;
            } else {
                if let Some(line) = refused {
                    let text = command.describe(aggregate, &line);
                    self.describe(numbers, cause, &text);
                }
                self.fail(numbers, cause, &[], &command);
                return self.note(numbers.last());
            }
        }
    }

    /// Waits for the answer to these numbers: where it stands in what was read, or why there is none.
    fn answer(
        &mut self,
        numbers: Interval,
        partner: &mut Partner,
        habits: &mut Habits,
        (unpacker, shop): (&mut Unpacker, &mut Shop),
    ) -> Result<Result<(usize, usize), Cause>, Leave> {
        let mut timer = Timer::start(shop.timeout);
        let mut began: Option<Instant> = None;
        if !partner.asked.contains(&numbers) {
            partner.put(numbers);
        }
        loop {
            while let Some(line) = partner.next_line() {
                if partner.ends.pop_front().is_none_or(|end| end > partner.input_taken) {
                    return Err(UNASKED);
                }
                // What was withdrawn since it was asked is answered all the same.
                if partner.asked.pop_front() == Some(numbers) {
                    partner.has_answered = true;
                    habits.is_quick = began.is_none_or(|began| began.elapsed() < QUICK);
                    return Ok(Ok(line));
                }
                if !partner.asked.contains(&numbers) {
                    partner.put(numbers);
                }
            }
            if partner.read.len() - partner.used > MOST_OUTPUT {
                return Ok(Err(Cause::Flood));
            }
            self.ask_ahead(partner, habits, shop);
            // What was answered so far is not kept back while we wait.
            if began.is_none() {
                self.send()?;
            }
            let began = *began.get_or_insert_with(Instant::now);
            partner.write()?;
            let patience = (!partner.has_answered).then_some(PATIENCE);
            let is_closed = partner.mute_since.is_some() || partner.reads_no_more();
            let grace = is_closed.then_some(GRACE);
            if partner.has_too_much_memory() {
                return Ok(Err(Cause::Memory));
            }
            let memory = partner.appetite.as_ref().map(Appetite::next);
            let timeout = [timer.next(), patience, grace, memory].into_iter().flatten().min();
            let found = self.wait(unpacker, shop, partner.watched(), timeout);
            if let Err(Leave::Abandoned | Leave::Asked) = found {
                partner.end_in_grace(shop, numbers);
            }
            let [ended, erred, answered, input] = found?;
            if !erred.is_empty() {
                partner.hear_errors(shop, numbers);
            }
            if !answered.is_empty() && partner.read_answers()? {
                continue;
            }
            if input.contains(PollFlags::ERR) {
                partner.deaf_since.get_or_insert_with(Instant::now);
            }
            // Then it is about to end, and how is worth knowing.
            let is_long_ago = |since: Instant| since.elapsed() >= GRACE;
            let is_mute = partner.mute_since.is_some_and(is_long_ago);
            if is_mute || (partner.deaf_since.is_some_and(is_long_ago) && partner.reads_no_more()) {
                return Ok(Err(Cause::Garbage));
            }
            if !ended.is_empty()
                && let Some(end) = partner.running.end().map_err(in_call(Call::WAITID))?
            {
                // Its last words may be an answer.
                while partner.read.len() - partner.used <= MOST_OUTPUT && partner.read_answers()? {}
                if !partner.has_line() {
                    let is_for_memory = shop.has_hit_the_wall();
                    return Ok(Err(if is_for_memory { Cause::Memory } else { cause_of(end) }));
                }
            }
            if timer.is_over() {
                return Ok(Err(Cause::Timeout));
            }
            if !partner.has_answered && began.elapsed() >= PATIENCE {
                partner.has_answered = true;
                shop.errors.say(
                    b"evenly: the coprocess has not answered its first line for 10 s; does it read line by \
                      line, and flush its output after each answer?\n",
                );
            }
        }
    }

    /// Writes further chunks to it, if that saves round trips.
    fn ask_ahead(&mut self, partner: &mut Partner, habits: &Habits, shop: &Shop) {
        // What it has in hand when it ends by itself may have begun, and `run` repeats nothing that has.
        let is_run = matches!(self.worker.tally().aggregate(), Aggregate::Run { .. });
        let is_alone = is_run || habits.cautious > 0 || habits.is_slow || !habits.is_quick;
        if is_alone || shop.longest < u64::MAX || partner.asked.len() > AHEAD / 2 {
            return;
        }
        // The first is that at work; if what follows is not what comes next, something was withdrawn, and
        // that runs out first.
        let known = partner.asked.len() - 1;
        if self.worker.ahead().take(known).eq(partner.asked.iter().skip(1).copied()) {
            let more: Vec<Interval> = self.worker.ahead().skip(known).take(AHEAD - known).collect();
            more.into_iter().for_each(|chunk| partner.put(chunk));
        }
    }

    /// As [`note`](Self::note), but answers wait for each other while there are more.
    fn note_quickly(&mut self, last: i64, unpacker: &mut Unpacker) -> Result<(), Leave> {
        self.since_look += 1;
        match self.worker.counted(last) {
            evenly_core::worker::Outcome::Answered => {
                if self.worker.is_full() {
                    self.send()?;
                }
                if self.since_look >= LOOK && self.look_at_the_clock()? {
                    self.look_at_the_pipe(unpacker)?;
                }
                Ok(())
            }
            _ => self.report(),
        }
    }

    /// Starts a coprocess.
    fn take_on(
        &mut self,
        numbers: Interval,
        repeated: u8,
        unpacker: &mut Unpacker,
        shop: &mut Shop,
    ) -> Result<Partner, Leave> {
        let (from, input) = pipe_with(PipeFlags::CLOEXEC).map_err(in_call(Call::PIPE))?;
        rustix::io::ioctl_fionbio(&input, true).map_err(in_call(Call::PIPE))?;
        let (output, to) = pipe_from()?;
        let (errors, err) = pipe_from()?;
        let errand = Errand { numbers, attempt: 1 + u32::from(repeated) };
        let ends = (Some(from.as_fd()), Some(to.as_fd()), err.as_fd());
        let appetite = Appetite::watch(shop);
        let running = self.start_with(&errand, ends, unpacker, shop)?;
        Ok(Partner {
            running,
            input,
            output,
            errors: Some(errors),
            said: Gathered::default(),
            asked: VecDeque::new(),
            ends: VecDeque::new(),
            input_made: 0,
            input_taken: 0,
            to_write: Vec::new(),
            read: Vec::new(),
            used: 0,
            has_answered: false,
            mute_since: None,
            deaf_since: None,
            appetite,
            answers: 0,
        })
    }
}

/// It said what it was not asked for: nobody knows any more which answer is for what.
const UNASKED: Leave = Leave::Failed(Call::ANSWER, Errno::PROTO);

/// The clock is looked at after so many answers.
const LOOK: u64 = 256;

/// The end of all work: end of file for the coprocess too, which may take a moment over leaving. What it says
/// then, it was not asked for.
fn end_of_work(partner: Option<Partner>, shop: &mut Shop) -> Result<(), Leave> {
    let mut outcome = Ok(());
    if let Some(mut partner) = partner {
        let is_idle = partner.asked.is_empty();
        let numbers = Interval::single(0);
        let (closed, _) = pipe_from()?;
        drop(std::mem::replace(&mut partner.input, closed));
        let began = Instant::now();
        while is_idle && began.elapsed() < GRACE && !matches!(partner.running.end(), Ok(Some(_))) {
            partner.hear_errors(shop, numbers);
            std::thread::sleep(Duration::from_micros(500));
        }
        if is_idle && partner.has_said_more() {
            outcome = Err(UNASKED);
        }
        partner.dismiss(shop, numbers);
    }
    shop.errors.end();
    outcome
}

/// Whether another one is asked the same if one ended like this that had answered others. What is put out for
/// `run` is not done twice, but one that leaves without a complaint has not begun.
fn is_to_be_asked_again(cause: Cause, aggregate: Aggregate) -> bool {
    match cause {
        // It was ended for what it had when it came to these numbers, too.
        Cause::Exit(0) | Cause::Memory => true,
        Cause::Exit(_) | Cause::Signal(_) => !matches!(aggregate, Aggregate::Run { .. }),
        _ => false,
    }
}

/// Reaps what a coprocess, or one before it, has left behind.
fn tidy_up(partner: Option<&Partner>, shop: &Shop) {
    match partner {
        Some(partner) => shop.orphans.reap_but(partner.running.pid()),
        None => shop.orphans.reap(),
    }
}

fn cause_of(end: End) -> Cause {
    match end {
        End::Exit(status) => Cause::Exit(status),
        End::Signal(signal) => Cause::Signal(signal),
    }
}
