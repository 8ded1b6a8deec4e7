//! Memory limit of each worker and its descendants by a control group, where permitted.
//!
//! The primary measures each worker ten times a second (`footprint`), and asks one that exceeds the limit for its
//! number before it kills it. Between two measurements a worker could take all memory. The limit of the group is
//! well above that of the job, so the measurement mostly comes first. A worker that reaches the group's limit is
//! killed by the kernel at once. It also holds together what a worker has started, whatever that did to get away.
//!
//! In version 2 (cgroups(7), Documentation/admin-guide/cgroup-v2.rst) we may if the group that we are in was
//! delegated, has a controller of memory, and has no other process in it: only groups without processes hand
//! controllers on, so the primary steps aside into a group of its own meanwhile. `systemd-run --user --scope -p
//! Delegate=yes evenly …` gives it one. In version 1 (Documentation/admin-guide/cgroup-v1/memory.rst) the right
//! to make a directory is enough. Nothing here is needed: where something fails there are no groups.
//!
//! A primary that is killed leaves its groups behind, empty. The next one in the same place removes them; a scope
//! of systemd is removed with all that is in it.

use rustix::process::{
    Pid, PidfdFlags, Signal, getpid, pidfd_open, pidfd_send_signal, test_kill_process,
};
use std::fs::{create_dir, read_dir, read_to_string, remove_dir, write};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What all our groups begin with; the number of the primary follows.
const PREFIX: &str = "evenly-";

/// The limit of a group is at least this much above that of its worker: a fast program allocates this much between
/// two measurements.
const MARGIN: u64 = 512 << 20;

/// How long what was killed may take to go.
const GRACE: Duration = Duration::from_secs(1);

/// The two kinds of control groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CgroupVersion {
    One,
    Two,
}

/// The groups of a job. Dropped, they are gone with all that is in them.
#[derive(Debug)]
pub(crate) struct MemoryCgroups {
    version: CgroupVersion,
    /// The number of the primary, in the names of its groups.
    primary: Pid,
    /// The group that it was in at the start.
    home: PathBuf,
    /// The group that it moved to, so that the first one can pass on its controller.
    aside: Option<PathBuf>,
    /// The limit of each group in bytes.
    limit: u64,
    /// For each slot with a group, the number of OOM kills in it at the last call of [`Self::has_killed`].
    kills: Vec<u64>,
}

impl MemoryCgroups {
    /// Groups for workers with `limit` bytes each; `None` where it is not permitted.
    pub(crate) fn for_limit(limit: u64) -> Option<Self> {
        let (version, home) = own_group()?;
        clear_away_others(&home);
        let limit = limit.saturating_mul(2).max(limit.saturating_add(MARGIN));
        let primary = getpid();
        let mut groups = Self { version, primary, home, aside: None, limit, kills: Vec::new() };
        if version == CgroupVersion::Two {
            groups.step_aside().ok()?;
        }
        groups.create(0).ok()?;
        Some(groups)
    }

    /// Makes the group of a slot, unless there is one; and of those below.
    pub(crate) fn create(&mut self, slot: usize) -> io::Result<()> {
        while self.kills.len() <= slot {
            let group = self.group(self.kills.len());
            create_dir(&group)?;
            self.kills.push(0);
            let file = match self.version {
                CgroupVersion::One => "memory.limit_in_bytes",
                CgroupVersion::Two => "memory.max",
            };
            write(group.join(file), self.limit.to_string())?;
        }
        Ok(())
    }

    /// Moves the calling worker into its group, before it does anything. Returns the counter of kills there.
    pub(crate) fn enter(&self, slot: usize) -> Option<OomKills> {
        let group = self.group(slot);
        write(group.join("cgroup.procs"), "0").ok()?;
        let kills = OomKills { version: self.version, seen: kills(self.version, &group), group };
        Some(kills)
    }

    /// Whether the kernel has killed a process there since the last call.
    pub(crate) fn has_killed(&mut self, slot: usize) -> bool {
        let now = kills(self.version, &self.group(slot));
        self.kills.get_mut(slot).is_some_and(|seen| std::mem::replace(seen, now) < now)
    }

    /// Kills all processes in the group of a slot.
    pub(crate) fn clear(&self, slot: usize) {
        end_all_in(&self.group(slot));
    }

    fn group(&self, slot: usize) -> PathBuf {
        self.home.join(format!("{PREFIX}{}-{slot}", self.primary.as_raw_nonzero()))
    }

    /// Leaves the group that is to hand on its controller of memory, if this process is alone in it.
    fn step_aside(&mut self) -> io::Result<()> {
        if members(&self.home) != [self.primary] {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        let aside = self.home.join(format!("{PREFIX}{}", self.primary.as_raw_nonzero()));
        create_dir(&aside)?;
        self.aside = Some(aside.clone());
        write(aside.join("cgroup.procs"), "0")?;
        write(self.home.join("cgroup.subtree_control"), "+memory")
    }
}

impl Drop for MemoryCgroups {
    fn drop(&mut self) {
        for slot in 0..self.kills.len() {
            let (group, began) = (self.group(slot), Instant::now());
            end_all_in(&group);
            while remove_dir(&group).is_err_and(|error| error.kind() == io::ErrorKind::ResourceBusy)
                && began.elapsed() < GRACE
            {
                std::thread::sleep(Duration::from_millis(1));
                end_all_in(&group);
            }
        }
        if let Some(aside) = &self.aside {
            let _ = write(self.home.join("cgroup.subtree_control"), "-memory");
            let _ = write(self.home.join("cgroup.procs"), "0");
            let _ = remove_dir(aside);
        }
    }
}

/// Counter of OOM kills in the group of a worker that runs commands.
#[derive(Debug)]
pub(crate) struct OomKills {
    version: CgroupVersion,
    group: PathBuf,
    seen: u64,
}

impl OomKills {
    /// Whether there was one since the last call.
    pub(crate) fn has_killed(&mut self) -> bool {
        let now = kills(self.version, &self.group);
        std::mem::replace(&mut self.seen, now) < now
    }
}

/// Number of OOM kills in a group.
fn kills(version: CgroupVersion, group: &Path) -> u64 {
    let file = match version {
        CgroupVersion::One => "memory.oom_control",
        CgroupVersion::Two => "memory.events",
    };
    let text = read_to_string(group.join(file)).unwrap_or_default();
    let count = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
    count.and_then(|count| count.trim().parse().ok()).unwrap_or(0)
}

/// The processes in a group.
fn members(group: &Path) -> Vec<Pid> {
    super::orphans::numbers(&read_to_string(group.join("cgroup.procs")).unwrap_or_default())
}

fn end_all_in(group: &Path) {
    for pid in members(group) {
        // They are not our children: a number may be another's by now. Who holds it now, and is in the group
        // after that, is the one who is meant.
        let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else { continue };
        if members(group).contains(&pid) {
            let _ = pidfd_send_signal(process, Signal::KILL);
        }
    }
}

/// Removes the groups of primaries that are no more, and could not do it themselves.
fn clear_away_others(home: &Path) {
    for group in read_dir(home).into_iter().flatten().flatten() {
        let name = group.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(PREFIX)).unwrap_or_default();
        let number = number.split('-').next().unwrap_or_default().parse();
        if let Some(pid) = number.ok().and_then(Pid::from_raw)
            && test_kill_process(pid) == Err(rustix::io::Errno::SRCH)
        {
            // One that has processes in it stays.
            let _ = remove_dir(group.path());
        }
    }
}

/// The group that this process is in for its memory, if there is a controller for that.
fn own_group() -> Option<(CgroupVersion, PathBuf)> {
    let groups = read_to_string("/proc/self/cgroup").ok()?;
    let mounts = read_to_string("/proc/self/mountinfo").ok()?;
    let (version, group) = group_in(&groups, &mounts)?;
    let has_memory = || {
        let controllers = read_to_string(group.join("cgroup.controllers")).unwrap_or_default();
        controllers.split_ascii_whitespace().any(|controller| controller == "memory")
    };
    (version == CgroupVersion::One || has_memory()).then_some((version, group))
}

/// The same by the lines of /proc/self/cgroup (cgroups(7)) and /proc/self/mountinfo (proc(5)).
fn group_in(groups: &str, mounts: &str) -> Option<(CgroupVersion, PathBuf)> {
    let mut found: Vec<(CgroupVersion, &str)> = groups
        .lines()
        .filter_map(|line| {
            let mut fields = line.splitn(3, ':').skip(1);
            match (fields.next()?, fields.next()?) {
                ("", path) => Some((CgroupVersion::Two, path)),
                (controllers, path) => {
                    let has_memory = controllers.split(',').any(|name| name == "memory");
                    has_memory.then_some((CgroupVersion::One, path))
                }
            }
        })
        .collect();
    // Where version 1 has the controller of memory, version 2 has not.
    found.sort_by_key(|(version, _)| *version == CgroupVersion::Two);
    let (version, path) = *found.first()?;
    mounts.lines().find_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        let mut mount = mount.split(' ').skip(3);
        let (root, point) = (mount.next()?, mount.next()?);
        let mut kind = kind.split(' ');
        let is_it = match (version, kind.next()?) {
            (CgroupVersion::Two, "cgroup2") => true,
            (CgroupVersion::One, "cgroup") => {
                kind.nth(1)?.split(',').any(|option| option == "memory")
            }
            _ => false,
        };
        let below = Path::new(path).strip_prefix(root).ok().filter(|_| is_it)?;
        Some((version, Path::new(point).join(below)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenly_testkit::needs::report_missing;
    use std::process::Command;

    const MOUNTS: &str = "\
        24 1 0:22 / /proc rw,relatime - proc proc rw\n\
        30 24 0:26 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n\
        31 24 0:27 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n\
        32 24 0:28 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

    #[test]
    fn the_own_group_is_found() {
        let of = |groups, mounts| group_in(groups, mounts);
        let both = "4:memory:/a/b\n1:cpu:/\n0::/c\n";
        assert_eq!(
            of(both, MOUNTS),
            Some((CgroupVersion::One, "/sys/fs/cgroup/memory/a/b".into()))
        );
        let two = "1:cpu:/\n0::/user.slice/x.scope\n";
        let scope = "/sys/fs/cgroup/unified/user.slice/x.scope";
        assert_eq!(of(two, MOUNTS), Some((CgroupVersion::Two, scope.into())));
        // In a container the root of the mount may be a group.
        let inner = "30 24 0:26 /docker/7 /groups rw - cgroup2 none rw";
        assert_eq!(of("0::/docker/7/x", inner), Some((CgroupVersion::Two, "/groups/x".into())));
        assert_eq!(of("0::/other", inner), None);
        assert_eq!(of(both, ""), None);
        assert_eq!(of("", MOUNTS), None);
    }

    #[test]
    fn who_takes_too_much_is_killed_and_counted() {
        let Some(mut cgroups) = MemoryCgroups::for_limit(16 << 20) else {
            return report_missing("a control group for memory that this process may divide");
        };
        // Else half a gigabyte would be filled first.
        cgroups.limit = 16 << 20;
        cgroups.create(2).unwrap();
        let run = |slot: usize, script: &str| {
            let procs = cgroups.group(slot).join("cgroup.procs");
            let script = format!("echo 0 > {} || exit\n{script}", procs.display());
            Command::new("sh").args(["-c", &script]).status().unwrap()
        };
        assert!(run(2, "true").success());
        // It remembers the end of a line that has none.
        assert!(!run(1, "tail /dev/zero").success());
        assert!(run(1, "setsid sleep 1000 > /dev/null 2>&1 &").success());
        assert_eq!([0, 1, 2, 1].map(|slot| cgroups.has_killed(slot)), [false, true, false, false]);
        let left = members(&cgroups.group(1));
        assert_eq!(left.len(), 1, "a process that left its process group is still in its cgroup");
        let groups = [0, 1, 2].map(|slot| cgroups.group(slot));
        drop(cgroups);
        assert!(groups.iter().all(|group| !group.exists()));
    }

    #[test]
    fn what_a_killed_primary_left_is_cleared_away() {
        let Some((_, home)) = own_group() else { return report_missing("a control group") };
        let mut child = Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let stale = home.join(format!("{PREFIX}{}-0", child.id()));
        if create_dir(&stale).is_err() {
            return report_missing("a control group that this process may divide");
        }
        clear_away_others(&home);
        assert!(!stale.exists());
    }
}
