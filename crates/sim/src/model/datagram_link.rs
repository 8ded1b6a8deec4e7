//! Datagram link: the real channel at both ends, and for each end the last datagram heard and the next timer.

use crate::step_result::StepResult;
use evenly_core::channel::Channel;

/// An end that receives no datagram for this time takes the other end for lost.
pub(crate) const SILENCE_LIMIT_NS: u64 = 15_000_000_000;

#[derive(Debug)]
pub(crate) struct DatagramLink {
    /// `None` for an end that was dropped.
    ends: [Option<Channel>; 2],
    last_heard_ns: [u64; 2],
    /// Time of the next timer event of each end; `u64::MAX` if none is queued.
    timer_ns: [u64; 2],
}

/// What one datagram makes available at an end.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) frames: Vec<Vec<u8>>,
    /// Whether the other end has ended the channel and every frame is delivered.
    pub(crate) is_at_end: bool,
}

impl DatagramLink {
    pub(crate) fn new(limit: usize, now_ns: u64) -> Self {
        let ends = [0, 1].map(|_| Some(Channel::new(limit)));
        Self { ends, last_heard_ns: [now_ns; 2], timer_ns: [u64::MAX; 2] }
    }

    pub(crate) fn end(&mut self, side: usize) -> Option<&mut Channel> {
        self.ends[side].as_mut()
    }

    /// Drops an end with everything that it has not sent; `true` if no end is left.
    pub(crate) fn drop_end(&mut self, side: usize) -> bool {
        self.ends[side] = None;
        self.ends[1 - side].is_none()
    }

    /// How many frames an end takes now.
    pub(crate) fn room(&self, side: usize) -> usize {
        self.ends[side].as_ref().map_or(0, Channel::room)
    }

    /// The datagrams that an end sends now.
    pub(crate) fn take_segments(&mut self, side: usize, now_ns: u64) -> Vec<Vec<u8>> {
        let (mut segments, mut segment) = (Vec::new(), Vec::new());
        while self.end(side).is_some_and(|end| end.poll_transmit(now_ns, &mut segment)) {
            segments.push(std::mem::take(&mut segment));
        }
        segments
    }

    /// Delivers a datagram to an end; `None` if that end was dropped.
    pub(crate) fn deliver(
        &mut self,
        side: usize,
        segment: &[u8],
        now_ns: u64,
    ) -> StepResult<Option<Delivery>> {
        let Some(channel) = &mut self.ends[side] else { return Ok(None) };
        channel.arrived(segment, now_ns).map_err(|malformed| malformed.to_string())?;
        self.last_heard_ns[side] = now_ns;
        let mut frames = Vec::new();
        while let Some(frame) = channel.next_frame() {
            frames.push(frame.to_vec());
        }
        Ok(Some(Delivery { frames, is_at_end: channel.is_at_end() }))
    }

    /// Restarts the silence limit of an end whose process was stopped: it could not hear the other end.
    pub(crate) fn restart_silence_limit(&mut self, side: usize, now_ns: u64) {
        self.last_heard_ns[side] = now_ns;
    }

    /// Whether an end has heard nothing for [`SILENCE_LIMIT_NS`].
    pub(crate) fn is_silent(&self, side: usize, now_ns: u64) -> bool {
        self.ends[side].is_some() && now_ns >= self.last_heard_ns[side] + SILENCE_LIMIT_NS
    }

    /// When the channel of an end has to send again, or its silence limit expires; `None` if the end was dropped.
    pub(crate) fn due_ns(&self, side: usize) -> Option<u64> {
        let channel = self.ends[side].as_ref()?;
        let silent_ns = self.last_heard_ns[side] + SILENCE_LIMIT_NS;
        Some(channel.next_due_ns().unwrap_or(u64::MAX).min(silent_ns))
    }

    /// Sets the timer of an end; `false` if an earlier or equal time is set.
    pub(crate) fn arm_timer(&mut self, side: usize, at_ns: u64) -> bool {
        let is_earlier = at_ns < self.timer_ns[side];
        self.timer_ns[side] = at_ns.min(self.timer_ns[side]);
        is_earlier
    }

    /// Takes the timer of an end at its time; `false` if the timer event is stale: another one took the timer.
    pub(crate) fn take_timer(&mut self, side: usize, now_ns: u64) -> bool {
        let is_due = self.timer_ns[side] <= now_ns;
        if is_due {
            self.timer_ns[side] = u64::MAX;
        }
        is_due
    }
}
