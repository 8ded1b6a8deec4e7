//! Event trace of a run: hashes every event, and writes each as a line if the caller wants a trace.

use std::cell::RefCell;
use std::fmt::Write;
use std::rc::Rc;

/// Takes the lines of a trace.
pub(crate) type TraceSink<'a> = &'a mut dyn FnMut(&str);

/// One for the primary, and one for each agent: all of them write the same hash and trace.
#[derive(Clone)]
pub(crate) struct EventTrace<'a> {
    shared: Rc<RefCell<TraceState<'a>>>,
    /// Which agent it belongs to; 0 for the primary.
    agent: u64,
}

struct TraceState<'a> {
    now_ns: u64,
    hash: u64,
    lines: Option<TraceSink<'a>>,
}

impl<'a> EventTrace<'a> {
    pub(crate) fn new(lines: Option<TraceSink<'a>>) -> Self {
        let shared = TraceState { now_ns: 0, hash: 0xcbf2_9ce4_8422_2325, lines };
        Self { shared: Rc::new(RefCell::new(shared)), agent: 0 }
    }

    /// The same trace, for the events of an agent.
    pub(crate) fn for_agent(&self, agent: usize) -> Self {
        Self { shared: Rc::clone(&self.shared), agent: agent as u64 }
    }

    /// Sets the time of the events that follow, for the primary and all agents.
    pub(crate) fn set_time(&self, now_ns: u64) {
        self.shared.borrow_mut().now_ns = now_ns;
    }

    /// Records an event with two numbers: the process that it concerns, and a quantity.
    pub(crate) fn record(&mut self, what: &str, one: u64, other: u64) {
        let shared = &mut *self.shared.borrow_mut();
        let words = [shared.now_ns, one, other];
        let agent = (self.agent > 0).then_some(self.agent);
        let bytes = what.bytes().map(u64::from);
        for word in bytes.chain(words).chain(agent) {
            shared.hash = (shared.hash ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(5);
        }
        if let Some(lines) = &mut shared.lines {
            let mut line = String::new();
            let (ms, ns) = (shared.now_ns / 1_000_000, shared.now_ns % 1_000_000);
            let who = agent.map_or_else(String::new, |agent| format!("agent {agent}: "));
            let _ = write!(line, "{ms:>9}.{ns:06} ms  {who}{what:<24} {one:>6} {other}");
            lines(&line);
        }
    }

    /// Records an event of the trace that is not hashed; `what` is called only if there is a trace.
    pub(crate) fn comment(&mut self, what: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.shared.borrow_mut().lines {
            lines(&format!("{:>20}  {}", "", what()));
        }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.shared.borrow().hash
    }
}
