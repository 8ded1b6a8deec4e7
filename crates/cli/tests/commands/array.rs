//! Environment and temporary directory of array tasks (`--as`), compared with those under the real Slurm.

use crate::support::process::Process;
use crate::support::{kill, until};
use crate::yard::Yard;
use evenly_testkit::slurm::Slurm;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Variables by name.
type Environment = BTreeMap<String, String>;

/// Variables of a task that differ from those under Slurm, each with the reason.
const DIFFERENCES: [(&str, &str); 22] = [
    ("SLURM_ARRAY_JOB_ID", "each job has an id of its own"),
    ("SLURM_JOB_ID", "as above"),
    ("SLURM_JOBID", "as above"),
    ("SLURM_JOB_PARTITION", "evenly has no partitions and says local"),
    ("SLURM_CLUSTER_NAME", "evenly is no cluster and says local"),
    ("TMPDIR", "Slurm has one for all tasks; here each has its own"),
    ("SLURM_CONF", "a setting of the caller for Slurm's commands, which evenly leaves as it is"),
    ("SLURM_TASK_PID", "the process number is not known before the start; a shell has it in $$"),
    ("SLURM_TOPOLOGY_ADDR", "a machine has no network topology"),
    ("SLURM_TOPOLOGY_ADDR_PATTERN", "as above"),
    ("SLURM_WORKING_CLUSTER", "the address of a controller, which evenly does not have"),
    ("SLURM_NODE_ALIASES", "for nodes in a cloud; it is (null)"),
    ("SLURM_PRIO_PROCESS", "the nice value of the submission, which commands inherit itself"),
    ("SLURM_JOB_START_TIME", "from 23.02 on: part of the schedule of a cluster"),
    ("SLURM_JOB_END_TIME", "as above"),
    ("SLURM_JOB_GROUP", "from 23.11 on: the name of the group of SLURM_JOB_GID"),
    ("SLURM_SCRIPT_CONTEXT", "from 23.02 on: for the scripts of administrators"),
    ("SLURM_OOM_KILL_STEP", "from 23.11 on: a setting of the cluster"),
    ("SLURM_JOB_ACCOUNT", "with accounting only"),
    ("SLURM_JOB_QOS", "with accounting only"),
    ("SLURM_JOB_RESERVATION", "with a reservation only"),
    ("SLURM_TRES_PER_TASK", "from 23.11 on: the resources of -c in another form"),
];

/// A script that writes its environment to a file, in the directory that it was submitted in.
const SCRIPT: &str = "#!/bin/bash
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
cd / && cd \"$SLURM_SUBMIT_DIR\" && env -0 > $1-$SLURM_ARRAY_TASK_ID.part
mv $1-$SLURM_ARRAY_TASK_ID.part $1-$SLURM_ARRAY_TASK_ID
";

/// Variables that a batch system sets, in a file with the environment of a task.
fn environment(path: &Path) -> Environment {
    let text = std::fs::read_to_string(path).unwrap();
    let all = text.split_terminator('\0').filter_map(|variable| variable.split_once('='));
    let is_set = |name: &str| {
        name.starts_with("SLURM") || ["TMPDIR", "ENVIRONMENT", "HOSTNAME"].contains(&name)
    };
    let set = all.filter(|(name, _)| is_set(name));
    set.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Names of variables that are in one environment only, or have another value in the other.
fn different(one: &Environment, other: &Environment) -> BTreeSet<String> {
    let names = one.keys().chain(other.keys());
    names.filter(|name| one.get(*name) != other.get(*name)).cloned().collect()
}

pub(crate) fn a_task_has_the_environment_that_it_has_under_slurm() {
    let yard = Yard::new();
    yard.script("task.sh", SCRIPT);
    let slurm = Slurm::start(&yard.path("cluster"));
    let mut batch = slurm.command("sbatch");
    batch.args(["--array=3-6", "--output=/dev/null", "task.sh", "slurm"]);
    let output = batch.current_dir(yard.path("")).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let is_there = |task| yard.path(&format!("slurm-{task}")).exists();
    until("Slurm has run the tasks", || (3..=6).all(is_there).then_some(()));
    drop(slurm);
    yard.run("run 3..=6 -j 2 --as slurm -- ./task.sh evenly").answers("");
    let known: BTreeSet<&str> = DIFFERENCES.iter().map(|(name, _)| *name).collect();
    let mut ids = BTreeSet::new();
    for task in 3..=6 {
        let [there, here] =
            ["slurm", "evenly"].map(|by| environment(&yard.path(&format!("{by}-{task}"))));
        for name in different(&there, &here) {
            let (there, here) = (there.get(&name), here.get(&name));
            assert!(known.contains(&*name), "{name}: {there:?} under Slurm, {here:?} here");
        }
        assert!(ids.insert(here["SLURM_JOB_ID"].clone()), "{ids:?}");
        assert_eq!(here["SLURM_JOB_ID"], here["SLURM_JOBID"]);
    }
}

/// Lines that tasks printed, as numbers.
fn numbers(text: &str) -> Vec<Vec<u64>> {
    let words = |line: &str| line.split(' ').map(|word| word.parse().unwrap()).collect();
    text.lines().map(words).collect()
}

/// Prints the ids and the attempt, and fails for n = 5 while a file is missing.
const IDS: &str = "sh -c 'echo $SLURM_ARRAY_TASK_ID $SLURM_ARRAY_JOB_ID $SLURM_JOB_ID \
                   ${SLURM_RESTART_COUNT:-0}; test $SLURM_ARRAY_TASK_ID != 5 || test -e good'";

pub(crate) fn a_task_keeps_its_id_when_it_runs_again() {
    let yard = Yard::new();
    let call = "run 3..8 -k -j 2 --as slurm --journal kept --retries 1";
    let ended = yard.run(&format!("{call} -- {IDS}"));
    ended.failed(3, "n = 5 failed");
    let first = numbers(&ended.stdout);
    let job = first[0][1];
    for (position, n) in (3..8).enumerate() {
        let line = first.iter().find(|line| line[0] == n).unwrap();
        assert_eq!(line[1..3], [job, job + 1 + position as u64], "{first:?}");
    }
    assert_eq!(first.iter().find(|line| line[0] == 5).unwrap()[3], 1, "the second attempt");
    let expected = vec![vec![5, job, job + 3, 0]];
    // By the line that reruns it, by the same call with --resume, and by `evenly resume`.
    let rerun = ended.stderr.lines().find_map(|line| line.split_once("rerun: evenly ")).unwrap().1;
    assert!(rerun.contains(&format!("--as slurm:3..=7@{job} ")), "{rerun}");
    assert_eq!(numbers(&yard.run(&rerun.replace("--retries 1 ", "")).stdout), expected);
    std::fs::write(yard.path("good"), "").unwrap();
    let copy = |name| std::fs::copy(yard.path("kept"), yard.path(name)).unwrap();
    copy("other");
    let again = yard.run("resume other --retry-failed");
    assert_eq!((numbers(&again.stdout), again.status), (expected.clone(), 0), "{again:?}");
    let again = yard.run(&format!("{call} --resume --retry-failed -- {IDS}"));
    assert_eq!((numbers(&again.stdout), again.status), (expected, 0), "{again:?}");
    // Another call is another job.
    let other = yard.run(&format!("run 3..4 --as slurm -- {IDS}"));
    assert_ne!(numbers(&other.stdout)[0][1], job);
}

/// The items that lie between the tasks are none of the array. The line that reruns a task has the whole list.
pub(crate) fn tasks_of_a_list_are_told_how_many_they_are() {
    let yard = Yard::new();
    let script = "sh -c 'echo $SLURM_ARRAY_TASK_ID $((SLURM_JOB_ID - SLURM_ARRAY_JOB_ID)) $SLURM_ARRAY_TASK_COUNT \
                  $SLURM_ARRAY_TASK_MAX; test $SLURM_ARRAY_TASK_ID != 9'";
    let ended = yard.run(&format!("run 3,9,1000 -k --as slurm -- {script}"));
    assert_eq!(numbers(&ended.stdout), [[3, 1, 3, 1000], [9, 2, 3, 1000], [1000, 3, 3, 1000]]);
    let rerun = ended.stderr.lines().find_map(|line| line.split_once("rerun: evenly ")).unwrap().1;
    assert!(rerun.contains("--as slurm:3,9,1000@"), "{rerun}");
    assert_eq!(numbers(&yard.run(rerun).stdout), [[9, 2, 3, 1000]]);
}

/// The names in a directory.
fn names(path: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(path).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

pub(crate) fn each_attempt_has_a_temporary_directory_that_is_removed() {
    let yard = Yard::new();
    std::fs::create_dir(yard.path("tmp")).unwrap();
    std::fs::write(yard.path("kept"), "kept").unwrap();
    let call = |words: &str| {
        let mut command = yard.command(words);
        // A job that runs for a second makes the directory of its socket for evenly status, here or in TMPDIR.
        command.env("TMPDIR", yard.path("tmp")).env("XDG_RUNTIME_DIR", yard.path(""));
        command
    };
    // Each finds its own empty, and leaves a read-only directory and a link there.
    let script = "ls -A $TMPDIR; stat -c %a $TMPDIR; mkdir $TMPDIR/a; ln -s $PWD $TMPDIR/a/link; touch $TMPDIR/a/x; \
                  chmod 500 $TMPDIR/a; echo $TMPDIR >> directories; test $EVENLY_ATTEMPT = 2";
    let words = format!("run 0..3 -j 2 --retries 1 --as sge -- sh -c '{script}'");
    yard.ended(Process::start(call(&words))).answers("700\n700\n700\n");
    let used: BTreeSet<String> = yard.text("directories").lines().map(str::to_owned).collect();
    assert_eq!(used.len(), 6, "{used:?}");
    assert_eq!(names(&yard.path("tmp")), [""; 0]);
    assert_eq!(yard.text("kept"), "kept");
    // What a killed run leaves there is removed by the next one, and that of a run that lives is not.
    let sleeps = "run 0..1 --as lsf -- sh -c 'touch $TMPDIR/x; touch begun; sleep 1000'";
    let running = Process::start(call(sleeps));
    until("it has begun", || yard.path("begun").exists().then_some(()));
    Process::start(call("run 0..1 --as pbs -- true")).ended().answers("");
    assert_eq!(names(&yard.path("tmp")).len(), 1);
    kill("KILL", running.pid());
    running.ended();
    yard.until_no_process_is_left();
    assert_eq!(names(&yard.path("tmp")).len(), 1);
    yard.ended(Process::start(call("run 0..1 --as pbs -- true"))).answers("");
    assert_eq!(names(&yard.path("tmp")), [""; 0]);
    // Without --as it is the caller's.
    let tmp = yard.path("tmp").display().to_string();
    let ended = yard.ended(Process::start(call("run 0..1 -- sh -c 'echo $TMPDIR' {}")));
    assert_eq!(ended.stdout.trim(), tmp);
    let mut nowhere = yard.command("run 0..1 --as slurm -- true");
    nowhere.env("TMPDIR", yard.path("missing"));
    yard.ended(Process::start(nowhere)).failed(2, "for the TMPDIR of tasks in ");
}

/// Each script is of the kind that its system's manual has, and prints what it got.
pub(crate) fn scripts_of_other_batch_systems_find_their_variables() {
    let yard = Yard::new();
    let run = |system: &str, text: &str| {
        yard.script("task", &format!("#!/bin/sh\n{text}\n"));
        yard.run(&format!("run 4..=6 -j 2 -k --as {system}:1..=6@77 -- ./task")).stdout
    };
    let said = run(
        "sge",
        "cd $SGE_O_WORKDIR; test -d $TMPDIR && echo $JOB_ID.$SGE_TASK_ID $SGE_TASK_FIRST-$SGE_TASK_LAST:$SGE_TASK_STEPSIZE \
         $JOB_NAME $NSLOTS",
    );
    assert_eq!(said, "77.4 1-6:1 task 1\n77.5 1-6:1 task 1\n77.6 1-6:1 task 1\n");
    let said = run(
        "pbs",
        "cd $PBS_O_WORKDIR; echo ${PBS_JOBID%.$PBS_O_HOST} $PBS_ARRAY_INDEX $PBS_ARRAYID $PBS_JOBNAME \
         $(wc -l < $PBS_NODEFILE)",
    );
    assert_eq!(said, "77[4] 4 4 task 1\n77[5] 5 5 task 1\n77[6] 6 6 task 1\n");
    let said = run(
        "lsf",
        "cd $LS_SUBCWD; echo $LSB_BATCH_JID $LSB_JOBID $LSB_JOBINDEX/$LSB_JOBINDEX_END $LSB_DJOB_NUMPROC",
    );
    assert_eq!(said, "77[4] 77 4/6 1\n77[5] 77 5/6 1\n77[6] 77 6/6 1\n");
}

/// An agent has another working directory and starts its command there; its tasks get the directory where the job was submitted.
pub(crate) fn tasks_at_an_agent_get_the_variables_of_the_job() {
    let yard = Yard::new();
    let task = yard.script("a task", "#!/bin/sh\necho $SLURM_ARRAY_JOB_ID $SLURM_JOB_ID $SLURM_JOB_NAME $SLURM_SUBMIT_DIR $SLURM_ARRAY_TASK_COUNT\n");
    let task = format!("'{}'", task.display());
    let (submitted, elsewhere) = (yard.path("x:%y z"), yard.path("elsewhere"));
    std::fs::create_dir(&submitted).unwrap();
    std::fs::create_dir(&elsewhere).unwrap();
    let start = |words: &str, directory: &Path| {
        let mut command = yard.command(words);
        command.current_dir(directory).env("SLURM_SUBMIT_DIR", "/outer").env("SLURM_JOB_ID", "1");
        Process::start(command)
    };
    let address = format!("unix:{}", yard.path("socket").display());
    let words = format!("run 2..4 -j 0 -k --as slurm@90 --listen {address} -- {task}");
    let mut primary = start(&words, &submitted);
    primary.line("listening at ");
    let agent = start(&format!("join {address} -j 1 -- {task}"), &elsewhere);
    let directory = submitted.display();
    let long = yard.path("").join("d".repeat(250)).join("e".repeat(250)).join("f".repeat(250));
    std::fs::create_dir_all(&long).unwrap();
    start(&words, &long).ended().failed(2, "the path of the working directory is too long");
    primary.ended().answers(&format!("90 91 a task {directory} 2\n90 92 a task {directory} 2\n"));
    yard.ended(agent);
}
