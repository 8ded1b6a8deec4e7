//! Output of running commands through agents: workers and agents are lost at any time, and the reader takes lines rarely.

use super::*;
use std::collections::BTreeMap;
use std::string::String;
use std::vec::Vec;

/// A command that runs: how many of its parts it has printed.
type Running = Option<(i64, usize)>;

/// What the command for `n` prints, in parts. Every third prints lines as they come, some of them in two parts; every
/// third prints much that stands together; the others bring all of it with the answer.
fn parts(n: i64) -> Vec<(String, bool)> {
    let line = |at: usize| std::format!("{n}:{at};");
    let count = n.rem_euclid(5) as usize;
    match n.rem_euclid(3) {
        0 => (0..count)
            .flat_map(|at| match at % 2 {
                0 => vec![(line(at), true), ("\n".into(), false)],
                _ => vec![(line(at) + "\n", false)],
            })
            .collect(),
        1 => (0..4 * count).map(|at| (line(at) + "\n", true)).collect(),
        _ => vec![],
    }
}

/// What the answer brings.
fn with_answer(n: i64) -> String {
    match n.rem_euclid(3) {
        2 => std::format!("{n}:0;\n{n}:1;\n"),
        _ => String::new(),
    }
}

/// All that the command for `n` prints.
fn printed(n: i64) -> String {
    let parts: String = parts(n).into_iter().map(|(text, _)| text).collect();
    parts + &with_answer(n)
}

struct Commands {
    machine: Machine,
    running: Vec<Running>,
}

impl Commands {
    fn new(aggregate: Aggregate, slot: usize, workers: usize) -> Self {
        let machine = Machine::asked(aggregate, slot, workers);
        Self { machine, running: vec![None; workers] }
    }

    /// A worker reads one frame, and its command prints a part or ends.
    fn work(&mut self, which: usize, now_ns: u64) {
        let which = which % self.running.len();
        let (worker, line) = &mut self.machine.workers[which];
        line.deliver(|frame| worker.take(frame.body).unwrap());
        let running = &mut self.running[which];
        if running.is_none()
            && let Some(step) = worker.next(1)
        {
            worker.hold(step.slice);
            *running = Some((step.slice.first(), 0));
        }
        if let Some((n, at)) = running {
            match parts(*n).get(*at) {
                Some((text, is_open)) if worker.has_credit() => {
                    worker.pass_text(text.as_bytes(), *is_open);
                    *at += 1;
                }
                Some(_) => {}
                None => {
                    let n = *n;
                    worker.tally().stand_at(n, n);
                    worker.tally().output(with_answer(n).as_bytes());
                    if worker.counted(n) != ChunkState::Answered {
                        worker.report(10);
                    }
                    *running = None;
                }
            }
        }
        worker.seal(1000);
        let mut unpacker = Unpacker::new(PIPE_FRAME, 1 << 16);
        while !worker.is_silent() {
            let length = worker.first_frame().len();
            unpacker.room()[..length].copy_from_slice(worker.first_frame());
            unpacker.filled(length);
            worker.sent(length);
            let frame = unpacker.next_frame().unwrap().unwrap();
            self.machine.supervisor.hear(frame, now_ns).unwrap();
        }
    }

    /// What the event loop of an agent does after each wait.
    fn act(&mut self, now_ns: u64) {
        let Machine { agent, supervisor, up, .. } = &mut self.machine;
        agent.pass_texts(supervisor, &mut up.packer);
        self.machine.act(now_ns);
    }

    fn take(&mut self, now_ns: u64) {
        let Machine { agent, supervisor, up, down, .. } = &mut self.machine;
        down.deliver(|frame| agent.take(frame.body, supervisor, &mut up.packer).unwrap());
        self.act(now_ns);
    }

    fn lose_worker(&mut self, which: usize, now_ns: u64) {
        let which = which % self.running.len();
        let supervisor = &mut self.machine.supervisor;
        supervisor.lose(which, None, now_ns).unwrap();
        let name = supervisor.next_name();
        let aggregate = self.machine.workers[which].0.tally().aggregate();
        supervisor.join(which, 4, now_ns).unwrap();
        self.machine.workers[which] = (Worker::new(name, aggregate, PIPE_FRAME), Line::new());
        self.running[which] = None;
    }
}

fn act_primary(primary: &mut Supervisor, agents: &mut [Commands], now_ns: u64) {
    while let Some(order) = primary.poll(now_ns).unwrap() {
        let down = |agents: &mut [Commands], slot: usize, pack: &mut dyn FnMut(&mut Packer)| {
            let is_it = |one: &&mut Commands| one.machine.slot == slot && !one.machine.is_gone;
            pack(&mut agents.iter_mut().find(is_it).unwrap().machine.down.packer);
        };
        match order {
            Order::Assign { slot } => {
                down(agents, slot, &mut |packer| packer.assign(primary.assignments()));
            }
            Order::Withdraw { slot, lease, parts } => {
                down(agents, slot, &mut |packer| packer.withdraw(lease, parts));
            }
            Order::Credit { slot, bytes } => {
                down(agents, slot, &mut |packer| packer.credit(bytes));
            }
            Order::Record(record) => primary.recorded(record, now_ns).unwrap(),
            Order::Silenced { .. } | Order::Finished => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Each line is whole, each command has printed everything, its last try in one row; in order, the numbers ascend.
fn check(text: &str, numbers: i64, in_order: bool, is_nothing_lost: bool) {
    let mut lines: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    let mut order = vec![];
    for line in text.lines().filter(|line| !line.is_empty()) {
        let whole = line.strip_suffix(';').and_then(|line| line.split_once(':'));
        let (n, at) = whole.unwrap_or_else(|| panic!("{line:?} in {text}"));
        order.push(n.parse::<i64>().unwrap());
        lines.entry(n.parse().unwrap()).or_default().push(at.parse().unwrap());
    }
    assert!(!in_order || order.is_sorted(), "{text}");
    for n in 0..numbers {
        let count = printed(n).lines().count();
        let found = lines.get(&n).map_or(&[][..], |found| found);
        let is_complete = found.ends_with(&(0..count).collect::<Vec<_>>());
        assert!(is_complete && (!is_nothing_lost || found.len() == count), "{n}: {found:?}");
        assert!(n % 3 != 1 || text.contains(&printed(n)), "{n} does not stand together: {text}");
    }
    if is_nothing_lost && in_order {
        assert_eq!(text, (0..numbers).map(printed).collect::<String>());
    }
}

proptest! {
    #[test]
    fn output_of_running_commands_is_whole_through_agents(
        in_order: bool, may_lose: bool, numbers in 0i64..60, policy in policy(),
        steps in prop::collection::vec((0u8..24, any::<u8>(), 1u64..100), 0..400),
    ) {
        let aggregate = Aggregate::Run { in_order };
        let range = Range::new(0, numbers.into()).unwrap();
        let mut primary = Supervisor::new(Scheduler::new(range, aggregate, policy, 2), 0);
        let (mut text, mut agents): (Vec<u8>, Vec<Commands>) = (vec![], vec![]);
        let mut now_ns = 0;
        let welcome = |primary: &mut Supervisor, agents: &mut Vec<Commands>, workers: u32, now_ns| {
            let strength = NonZeroU32::new(workers).unwrap();
            let slot = primary.welcome(strength, 100, now_ns).unwrap();
            agents.push(Commands::new(aggregate, slot, workers as usize));
        };
        for (what, which, much) in steps {
            now_ns += much * 1000;
            if agents.iter().all(|one| one.machine.is_gone) || (what == 0 && agents.len() < 6) {
                welcome(&mut primary, &mut agents, 1 + u32::from(which % 3), now_ns);
            }
            let count = agents.len();
            let one = &mut agents[usize::from(which) % count];
            if !one.machine.is_gone {
                match what {
                    1 if may_lose => {
                        one.machine.is_gone = true;
                        primary.lose(one.machine.slot, None, now_ns).unwrap();
                    }
                    2 if may_lose => now_ns += crate::seats::SILENCE_NS,
                    3 if may_lose => one.lose_worker(usize::from(which), now_ns),
                    4 => one.machine.agent.report(&mut one.machine.up.packer, much),
                    5..=7 => one.take(now_ns),
                    8..=11 => one.machine.up.deliver(|frame| {
                        primary.hear_agent(one.machine.slot, frame, now_ns).unwrap();
                    }),
                    _ => one.work(what.into(), now_ns),
                }
                if !one.machine.is_gone && much.is_multiple_of(2) {
                    one.act(now_ns);
                }
            }
            act_primary(&mut primary, &mut agents, now_ns);
            if much.is_multiple_of(5) {
                text.extend(core::iter::from_fn(|| primary.next_lines()).flatten());
                act_primary(&mut primary, &mut agents, now_ns);
            }
        }
        // From now on nothing breaks, and it must come to its end.
        welcome(&mut primary, &mut agents, 2, now_ns);
        for round in 0.. {
            act_primary(&mut primary, &mut agents, now_ns);
            text.extend(core::iter::from_fn(|| primary.next_lines()).flatten());
            act_primary(&mut primary, &mut agents, now_ns);
            if primary.scheduler().is_finished() {
                break;
            }
            prop_assert!(round < 20_000, "{:?}", primary.scheduler());
            now_ns += 1_000_000;
            for one in agents.iter_mut().filter(|one| !one.machine.is_gone) {
                one.take(now_ns);
                (0..one.running.len()).for_each(|which| one.work(which, now_ns));
                one.act(now_ns);
                one.machine.agent.report(&mut one.machine.up.packer, 1);
                one.machine.up.packer.heartbeat(Heartbeat::OfAgent);
                for _ in 0..4 {
                    one.machine.up.deliver(|frame| {
                        primary.hear_agent(one.machine.slot, frame, now_ns).unwrap();
                    });
                }
            }
        }
        check(&String::from_utf8(text).unwrap(), numbers, in_order, !may_lose);
    }
}
