//! Limits on the state of the machine, above which no command is started (`--load`, `--memfree`).

use std::fs::read_to_string;

/// Conditions for the start of a command. Without any, commands start at once.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StartLimits {
    /// Start only while fewer threads of the machine are running or ready to run.
    pub load: Option<f64>,
    /// Start only while this many bytes of memory are available.
    pub free_memory: Option<u64>,
}

impl StartLimits {
    /// Why no command may start now; `None` if one may. What cannot be read holds back nothing.
    pub(crate) fn obstacle(&self) -> Option<String> {
        let running = self.load.and_then(|limit| Some((running()?, limit)));
        if let Some((running, limit)) = running
            && f64::from(running) >= limit
        {
            let s = if running == 1 { " is" } else { "s are" };
            return Some(format!("{running} thread{s} running on this machine (--load)"));
        }
        let available = self.free_memory.and_then(|least| Some((available()?, least)));
        available.filter(|(available, least)| available < least).map(|(available, _)| {
            format!("{} MiB of memory are available (--memfree)", available >> 20)
        })
    }
}

/// Threads that are running or ready to run, besides this one (proc_loadavg(5)).
fn running() -> Option<u32> {
    let text = read_to_string("/proc/loadavg").ok()?;
    let (running, _) = text.split(' ').nth(3)?.split_once('/')?;
    Some(running.parse::<u32>().ok()?.saturating_sub(1))
}

/// Bytes that programs can take without swapping (proc_meminfo(5)).
fn available() -> Option<u64> {
    let text = read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
}
