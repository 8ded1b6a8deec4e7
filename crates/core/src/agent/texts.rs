//! Output of running commands in an agent: sent to the primary as far as it gives credit.
//!
//! In the order of the numbers, the text of a command is sent when all numbers before it in its lease are reported, so
//! the primary can write it behind their lines.

use super::Agent;
use crate::frame::Packer;
use crate::scheduler::Scheduler;
use crate::stream::{RelayedText, TextRelay};
use crate::supervisor::Supervisor;

impl Agent {
    /// Sends what running commands printed.
    pub fn pass_texts(&mut self, supervisor: &mut Supervisor, packer: &mut Packer) {
        let scheduler = supervisor.scheduler_mut();
        if scheduler.text_relay().is_none_or(|relay| relay.is_empty()) {
            return;
        }
        let was_held = self.is_held_by_text;
        self.pass_urgent_texts(scheduler, packer);
        match scheduler.text_relay().is_some_and(|relay| relay.is_in_order()) {
            true => self.pass_lowest_texts(scheduler, packer),
            false => self.pass_any_texts(scheduler, packer),
        }
        if was_held && !self.is_held_by_text {
            self.tell_what_waited(scheduler, packer);
        } else {
            self.give_credit(scheduler);
        }
    }

    /// Sends what needs no credit: it must be there before the answers of its numbers.
    pub(super) fn pass_urgent_texts(&mut self, scheduler: &mut Scheduler, packer: &mut Packer) {
        while let Some(text) = scheduler.text_relay().and_then(TextRelay::next_urgent) {
            self.send_text(text, scheduler, packer);
        }
        let dropped = scheduler.text_relay().map(TextRelay::take_dropped);
        for (worker, bytes) in dropped.unwrap_or_default() {
            scheduler.give_credit(worker, bytes);
        }
    }

    fn pass_any_texts(&mut self, scheduler: &mut Scheduler, packer: &mut Packer) {
        while self.credit > 0
            && let Some(text) = scheduler.text_relay().and_then(TextRelay::next_in_any_order)
        {
            self.send_text(text, scheduler, packer);
        }
    }

    fn pass_lowest_texts(&mut self, scheduler: &mut Scheduler, packer: &mut Packer) {
        for index in 0..self.held.len() {
            let Ok(next) = i64::try_from(self.held[index].buffer.next()) else { continue };
            let is_waiting = scheduler.text_relay().is_some_and(|relay| relay.has(next));
            if !is_waiting || !self.has_credit_for(index) {
                continue;
            }
            // What is done before it. That lease is not done: its next number has no answer.
            if self.held[index].buffer.is_ready() {
                self.tell(index, packer);
            }
            if let Some(text) = scheduler.text_relay().and_then(|relay| relay.next_of(next)) {
                self.send_text(text, scheduler, packer);
            }
        }
    }

    fn send_text(&mut self, text: RelayedText, scheduler: &mut Scheduler, packer: &mut Packer) {
        let RelayedText { n, worker, bytes, is_open } = text;
        if let Some(index) = self.find(n) {
            let held = &mut self.held[index];
            packer.text(held.lease, n, &bytes, is_open);
            held.has_sent_text = true;
            self.credit -= bytes.len() as i64;
        }
        if let Some(worker) = worker {
            scheduler.give_credit(worker, bytes.len() as u64);
        }
        self.is_held_by_text = scheduler.text_relay().is_some_and(|relay| relay.is_held());
    }
}
