//! Options of sbatch, and what becomes of a job: beside the real Slurm, with failures, journals and limits.

use crate::support::process::Process;
use crate::support::until;
use crate::yard::Yard;
use evenly_testkit::slurm::Slurm;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Prints what a task has, but for what each job has of its own.
const SHOW: &str = "#!/bin/bash
#SBATCH --array=1-7:3,20%2
#SBATCH --job-name='a name' -n 1 -c 1
#SBATCH -o out_%x_%a_%4a_%u_%N_%n_%t_%%.txt --mem=100   # a comment
env | grep ^SLURM_ | grep -Ev '^SLURM_(ARRAY_JOB_ID|JOB_?ID|JOB_PARTITION|CLUSTER_NAME|CONF|TASK_PID|TOPOLOGY.*|\
WORKING_CLUSTER|NODE_ALIASES|PRIO_PROCESS|JOB_(START|END)_TIME|JOB_GROUP|JOB_ACCOUNT|JOB_QOS|SCRIPT_CONTEXT|\
OOM_KILL_STEP)=' | sort
echo \"$# $1 $2\"
basename $0
pwd
readlink /proc/self/fd/0
echo error >&2
touch ended-$SLURM_ARRAY_TASK_ID
#SBATCH --array=99
";

/// The files that a pattern of names begins with, by name.
fn outputs(yard: &Yard) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(yard.path("")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names = names.filter(|name| name.starts_with("out_"));
    names.map(|name| (name.clone(), yard.text(&name))).collect()
}

/// Names and contents of all output files are the same. The real Slurm runs first.
pub(crate) fn a_script_runs_as_under_slurm() {
    let yard = Yard::new();
    std::fs::write(yard.path("show.sh"), SHOW).unwrap();
    let slurm = Slurm::start(&yard.path("cluster"));
    let mut batch = slurm.command("sbatch");
    let output = batch.args(["show.sh", "x", "y z"]).current_dir(yard.path("")).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let tasks = [1, 4, 7, 20];
    let has_ended = |task| yard.path(&format!("ended-{task}")).exists();
    until("Slurm has run the tasks", || tasks.iter().all(has_ended).then_some(()));
    drop(slurm);
    let there = outputs(&yard);
    assert_eq!(there.len(), tasks.len(), "{there:?}");
    there.keys().for_each(|name| std::fs::remove_file(yard.path(name)).unwrap());
    let ended = yard.run("sbatch show.sh x 'y z'");
    let said = String::from_utf8(output.stdout).unwrap();
    let words = said.trim_end().rsplit_once(' ').unwrap().0;
    assert!(ended.stdout.starts_with(words) && ended.status == 0, "{said} {ended:?}");
    assert_eq!(outputs(&yard), there);
}

pub(crate) fn the_command_line_replaces_directives() {
    let yard = Yard::new();
    let text = "#!/bin/bash\n#SBATCH -a 0-3 -J script -o script_%a\n#SBATCH -o later_%a\n\
                echo $SLURM_JOB_NAME $SLURM_ARRAY_TASK_ID-$SLURM_ARRAY_TASK_MAX $1; echo e >&2\n";
    std::fs::write(yard.path("job"), text).unwrap();
    let ended = yard.run("sbatch --parsable --array=5,6 -Jtyped -e errors_%a job -j4");
    assert!(ended.status == 0 && ended.stdout.trim_end().parse::<u64>().is_ok(), "{ended:?}");
    assert_eq!(yard.text("later_5"), "typed 5-6 -j4\n");
    assert_eq!(yard.text("errors_6"), "e\n");
    assert!(!yard.path("script_5").exists() && !yard.path("later_0").exists());
    // A second call empties the files, or appends to them.
    yard.run("sbatch --array=5 --open-mode=append job");
    assert_eq!(yard.text("later_5"), "typed 5-6 -j4\nscript 5-5\ne\n");
    yard.run("sbatch --array=5 job");
    assert_eq!(yard.text("later_5"), "script 5-5\ne\n");
    let ended = yard.run("sbatch --wrap='echo $SLURM_JOB_NAME $0' -o wrapped");
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(yard.text("wrapped").starts_with("wrap /"), "{}", yard.text("wrapped"));
    let mut command = yard.inside_of("sh -c '\"$0\" \"$@\" < job'");
    command.args(["sbatch", "--array=1000,1000000", "-o", "standard_%a"]);
    let ended = yard.ended(Process::start(command));
    assert_eq!(
        (yard.text("standard_1000000").as_str(), ended.status),
        ("script 1000000-1000000\ne\n", 0)
    );
}

/// As sbatch(1) says, the environment replaces the script, and the command line the environment. A resumed run has them too.
pub(crate) fn options_in_the_environment_replace_directives() {
    let yard = Yard::new();
    let text = "#!/bin/bash\n#SBATCH -a 0-3 -J script -o script_%a\n\
                echo $SLURM_JOB_NAME $SLURM_ARRAY_TASK_ID $SLURM_ARRAY_TASK_STEP; test -e good\n";
    std::fs::write(yard.path("job"), text).unwrap();
    let run = |words: &str, more: &[(&str, &str)]| {
        let mut command = yard.command(words);
        command.envs([("SBATCH_ARRAY_INX", "4-9:2%1"), ("SBATCH_OUTPUT", "environment_%a")]);
        command.env("SBATCH_JOB_NAME", "environment").env("SBATCH_TIMELIMIT", "");
        command.envs(more.iter().copied());
        yard.ended(Process::start(command))
    };
    let ended = run("sbatch --journal kept -J typed job", &[]);
    ended.failed(3, "n = 4 failed: exit 1; rerun: evenly sbatch --array-of=4-9:2@");
    assert_eq!(yard.text("environment_8"), "typed 8 2\n");
    assert!(!yard.path("environment_0").exists() && !yard.path("script_4").exists());
    let rerun = ended.stderr.lines().find_map(|line| line.split_once("rerun: evenly ")).unwrap().1;
    std::fs::write(yard.path("good"), "").unwrap();
    std::fs::remove_file(yard.path("environment_4")).unwrap();
    assert_eq!(yard.run(rerun).status, 0, "{rerun}");
    assert_eq!(yard.text("environment_4"), "typed 4 2\n");
    let ended = yard.run("resume kept --retry-failed");
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(!yard.path("script_4").exists());
    run("sbatch job", &[("SBATCH_TIMELIMIT", "1h")])
        .failed(2, "bad value '1h' for SBATCH_TIMELIMIT: ");
    assert_eq!(run("sbatch -t 5 job", &[("SBATCH_TIMELIMIT", "1h")]).status, 0);
    run("sbatch job", &[("SBATCH_OPEN_MODE", "x")]).failed(2, "for SBATCH_OPEN_MODE: it is trunc");
}

/// Without an `srun` in PATH, tasks get one that runs one process and refuses what needs Slurm.
pub(crate) fn srun_runs_a_command_where_slurm_is_not_there() {
    let yard = Yard::new();
    std::fs::create_dir(yard.path("bin")).unwrap();
    std::os::unix::fs::symlink("/usr/bin/env", yard.path("bin/env")).unwrap();
    let run = |script: &str, words: &str| {
        let text = format!("#!/bin/bash\n#SBATCH -a 7 -o out\n{script}\n");
        std::fs::write(yard.path("job"), text).unwrap();
        let mut command = yard.command(&format!("sbatch {words} job"));
        command.env("PATH", yard.path("bin"));
        let ended = yard.ended(Process::start(command));
        (yard.text("out"), ended.status)
    };
    let echo = "/bin/sh -c 'echo $SLURM_ARRAY_TASK_ID \"$@\"' sh 'a b' -n";
    for options in [
        "",
        "-n 1 -c2 --mpi=pmix -N1 --exclusive -u",
        "--ntasks=1 --cpu-bind none --mem 4G -l",
        "--nodes 1-1 --",
    ] {
        assert_eq!(
            run(&format!("srun {options} {echo}"), ""),
            ("7 a b -n\n".to_owned(), 0),
            "{options}"
        );
    }
    let pwd = "srun -D / -o /dev/null /bin/sh -c pwd; srun -D / /bin/sh -c pwd";
    assert_eq!(run(pwd, ""), ("/\n".to_owned(), 0));
    assert_eq!(run("srun /bin/sh -c 'exit 4'", "").1, 3);
    let written = "srun --output=written /bin/sh -c 'echo said'; read line < written; echo [$line]";
    assert_eq!(run(written, ""), ("[said]\n".to_owned(), 0));
    for (script, words, refusal) in [
        ("srun -n 4 echo", "", "srun: 4 tasks on 1 nodes need Slurm"),
        ("srun echo", "-n 2", "srun: 2 tasks on 1 nodes need Slurm"),
        ("srun -N 2 echo", "", "on 2 nodes"),
        ("srun -o %t echo", "", "a pattern in the name of a file"),
        ("srun --multi-prog x", "", "--multi-prog needs Slurm"),
        ("srun -n 1", "", "no command is given"),
        ("srun -n", "", "-n needs a value"),
    ] {
        let (said, status) = run(script, words);
        assert!(said.contains(refusal) && status == 3, "{script}: {said}");
    }
    // One that is there stays the one that runs.
    yard.script("bin/srun", "#!/bin/sh\necho real \"$@\"\n");
    assert_eq!(run("srun -n 4 x", ""), ("real -n 4 x\n".to_owned(), 0));
}

/// Fails for task 4 until a file is there; each task adds its ids to a file.
const FAILING: &str = "#!/bin/bash
#SBATCH --array=2-6:2
echo $SLURM_ARRAY_JOB_ID $SLURM_JOB_ID $SLURM_ARRAY_TASK_COUNT >> ids-$SLURM_ARRAY_TASK_ID
test $SLURM_ARRAY_TASK_ID != 4 -o -e good
";

pub(crate) fn a_failed_task_is_named_and_run_again() {
    let yard = Yard::new();
    std::fs::write(yard.path("job"), FAILING).unwrap();
    let ended = yard.run("sbatch --journal kept -o /dev/null job");
    ended.failed(3, "n = 4 failed: exit 1; rerun: evenly sbatch ");
    let ids = yard.text("ids-4");
    let words: Vec<u64> = ids.split_whitespace().map(|word| word.parse().unwrap()).collect();
    assert_eq!(words, [words[0], words[0] + 2, 3]);
    assert_eq!(ended.stdout, format!("Submitted batch job {}\n", words[0]));
    let rerun = ended.stderr.lines().find_map(|line| line.split_once("rerun: evenly ")).unwrap().1;
    let again = yard.run(rerun);
    assert_eq!((again.stdout.as_str(), again.status), (ended.stdout.as_str(), 3), "{again:?}");
    std::fs::copy(yard.path("kept"), yard.path("copy")).unwrap();
    std::fs::write(yard.path("good"), "").unwrap();
    for call in [
        "resume copy --retry-failed",
        "sbatch --journal kept -o /dev/null --resume --retry-failed job",
    ] {
        let again = yard.run(call);
        assert_eq!((again.stdout.as_str(), again.status), (ended.stdout.as_str(), 0), "{again:?}");
    }
    assert_eq!(yard.text("ids-4"), ids.repeat(4));
    assert_eq!(yard.text("ids-2").lines().count(), 1);
    // Another script is another job.
    std::fs::write(yard.path("job"), FAILING.replace("good", "other")).unwrap();
    let refused = yard.run("sbatch --journal kept -o /dev/null --resume job");
    assert_eq!((refused.stdout.as_str(), refused.status), ("", 5), "{refused:?}");
}

/// The indices between those of a list are no tasks: not counted, not in the journal, and not in a line that reruns some.
pub(crate) fn only_the_tasks_of_a_list_are_counted() {
    let yard = Yard::new();
    // A task that begins before the halt arrives waits until it is killed.
    let text = "#!/bin/bash\n#SBATCH -a 3-11:4,90,4000000 -o /dev/null\necho $SLURM_ARRAY_TASK_ID >> ran\n\
                test -e good && exit\ncase $SLURM_ARRAY_TASK_ID in 3) ;; 7) exit 1;; *) sleep 1000;; esac\n";
    std::fs::write(yard.path("job"), text).unwrap();
    let ended = yard.run("sbatch -j 1 --halt now,fail=1 --journal kept --joblog log job");
    ended.failed(4, "2 of 5 numbers done, 1 of them failed; complete below 11; 3 numbers above");
    let covered = yard.run("verify kept");
    for line in ["items\t3..=11:4,90,4000000", "done\t1", "failed\t1", "missing\t3", "gap\t90..91"]
    {
        assert!(covered.stdout.lines().any(|found| found == line), "{line}: {covered:?}");
    }
    let log = yard.text("log");
    let lines: Vec<&str> = log.lines().skip(1).collect();
    assert!(lines.len() == 2 && lines[1].ends_with(" --array=7 job"), "{log}");
    std::fs::write(yard.path("good"), "").unwrap();
    assert_eq!(yard.run("resume kept --retry-failed").status, 0);
    let ran: BTreeSet<i64> = yard.text("ran").lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(ran, BTreeSet::from([3, 7, 11, 90, 4_000_000]));
    let covered = yard.run("verify kept");
    assert!(covered.status == 0 && covered.stdout.contains("\ndone\t5\n"), "{covered:?}");
}

pub(crate) fn a_script_may_change_while_it_runs() {
    let yard = Yard::new();
    let text = "#!/bin/bash\n#SBATCH -a 1-3%1 -o out_%a\necho false > job; sleep 0.05; echo old\n";
    std::fs::write(yard.path("job"), text).unwrap();
    let ended = yard.run("sbatch job");
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!((1..=3).all(|task| yard.text(&format!("out_{task}")) == "old\n"));
    assert_eq!(yard.text("job"), "false\n");
}

pub(crate) fn limits_are_those_of_each_task() {
    let yard = Yard::new();
    let text = "#!/bin/bash\n#SBATCH -a 1-6%2 -o /dev/null\n\
                echo $EVENLY_WORKER $SLURM_CPUS_PER_TASK $SLURM_MEM_PER_CPU >> workers\nsleep $1\n";
    std::fs::write(yard.path("job"), text).unwrap();
    let ended = yard.run("sbatch -j 5 --mem-per-cpu=2G -c 3 job 0.1");
    assert_eq!(ended.status, 0, "{ended:?}");
    let workers = yard.text("workers");
    assert!(workers.lines().all(|line| ["1 3 2048", "2 3 2048"].contains(&line)), "{workers}");
    let ended = yard.run("sbatch -a 1 --time=0:01 job 1000");
    ended.failed(3, "n = 1 failed: timeout; rerun: evenly sbatch --array-of=1@");
    assert!(ended.stderr.contains("--time=0:01"), "{ended:?}");
    let ended = yard.run("sbatch -a 1 -c 100000 -n 2 job 0");
    assert!(ended.stderr.contains("a task asks for 200000 CPUs"), "{ended:?}");
}

pub(crate) fn exported_variables_are_chosen() {
    let yard = Yard::new();
    std::fs::write(
        yard.path("job"),
        "#!/bin/bash\necho ${ONE-no} ${TWO-no} ${HOME:+home} $SLURM_EXPORT_ENV\n",
    )
    .unwrap();
    for (export, said) in [
        ("", "1 no home\n"),
        ("--export=NONE", "no no home NONE\n"),
        ("--export=ONE,TWO=2", "1 2 home ONE,TWO=2\n"),
        ("--export=ALL,ONE=3", "3 no home ALL,ONE=3\n"),
    ] {
        let mut command = yard.command(&format!("sbatch -o out {export} job"));
        command.env("ONE", "1");
        let ended = yard.ended(Process::start(command));
        assert_eq!((yard.text("out").as_str(), ended.status), (said, 0), "{export}: {ended:?}");
    }
}

pub(crate) fn what_cannot_be_is_refused_before_a_task_starts() {
    let yard = Yard::new();
    let put = |name: &str, text: &str| std::fs::write(yard.path(name), text).unwrap();
    put("plain", "echo\n");
    put("foo", "#!/bin/bash\n#SBATCH --foo=1\ntouch started\n");
    put("job", "#!/bin/bash\n#SBATCH -o out\ntouch started\n");
    for (words, cause) in [
        ("", "no script is given"),
        ("missing", "cannot read the script missing: No such file"),
        ("plain", "begins with #!"),
        ("foo", "'foo', line 2: unknown directive '--foo'"),
        ("--array=3-1 job", "bad value '3-1' for --array: the range '3-1' descends; write 1-3"),
        ("--array=a job", "'a' is no index"),
        ("--time=1h job", "bad value '1h' for --time"),
        ("--mem=x job", "bad value 'x' for --mem"),
        ("-c 0 job", "bad value '0' for --cpus-per-task"),
        ("-D missing job", "bad value 'missing' for --chdir: No such file"),
        ("-o no/%a job", "the directory no of --output does not exist; make it: mkdir -p no"),
        ("--open-mode=x job", "it is truncate or append"),
        ("--frist job", "unknown option '--frist' of evenly sbatch"),
        ("--listen unix:socket job", "sbatch runs on this machine"),
        ("--wrap=true job", "leave one of them out"),
    ] {
        let ended = yard.run(&format!("sbatch {words}"));
        ended.failed(2, cause);
        assert_eq!(ended.stdout, "", "{words}");
    }
    assert!(!yard.path("started").exists() && !yard.path("out").exists());
    // A file that cannot be opened fails its task.
    std::fs::create_dir(yard.path("out")).unwrap();
    let ended = yard.run("sbatch job");
    ended.failed(3, "/out for the output: Is a directory");
}

/// Where `TMPDIR` is mounted noexec, the `srun` lies in another directory, which is removed too.
pub(crate) fn srun_runs_where_tmpdir_is_mounted_noexec() {
    let yard = Yard::new();
    for name in ["bin", "t"] {
        std::fs::create_dir(yard.path(name)).unwrap();
    }
    let script = "srun /bin/sh -c 'echo ran; /usr/bin/readlink -f $(command -v srun)'";
    std::fs::write(yard.path("job"), format!("#!/bin/sh\n#SBATCH -a 7 -o out\n{script}\n"))
        .unwrap();
    let run = |mounts: &str| {
        let script = format!(
            "mount -t tmpfs none /mnt && : > /mnt/evenly && mount --bind {} /mnt/evenly && \
             mount -t tmpfs -o noexec none t && {mounts} PATH=$PWD/bin exec /mnt/evenly sbatch job",
            crate::support::EVENLY
        );
        let mut command = std::process::Command::new("unshare");
        command.args(["-rm", "sh", "-c", &script]).current_dir(yard.path(""));
        command.env("TMPDIR", yard.path("t")).env("HOME", yard.path("t"));
        command.env_remove("XDG_RUNTIME_DIR").output().unwrap()
    };
    let output = run("");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let out = yard.text("out");
    let (said, srun) = out.trim_end().split_once('\n').unwrap();
    assert_eq!(said, "ran");
    assert!(!Path::new(srun).starts_with(yard.path("t")) && !Path::new(srun).exists(), "{srun}");
    let everywhere: String = ["/tmp", "/var/tmp", "/dev/shm"]
        .iter()
        .map(|path| {
            format!("mount --bind {path} {path} && mount -o remount,bind,noexec {path} && ")
        })
        .collect();
    let output = run(&format!("{everywhere} cd $PWD &&"));
    let said = crate::support::stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(said.contains("t' is mounted noexec, and so are /tmp, /var/tmp"), "{said}");
}

/// The script in docs/clusters under the real Slurm, with fewer tasks and numbers.
pub(crate) fn parts_of_a_slurm_array_are_one_answer() {
    let yard = Yard::new();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/clusters/parts.sbatch");
    let script = std::fs::read_to_string(script).unwrap().replace("0..1e9", "0..1e6");
    let script = script.replace("exec evenly", &format!("exec {}", crate::support::EVENLY));
    std::fs::write(yard.path("parts.sbatch"), script).unwrap();
    let slurm = Slurm::start(&yard.path("cluster"));
    let mut batch = slurm.command("sbatch");
    let words = ["--wait", "--array=1-6", "--cpus-per-task=1", "parts.sbatch"];
    let output = batch.args(words).current_dir(yard.path("")).output().unwrap();
    assert!(output.status.success(), "{output:?} {}", yard.text("part.1.log"));
    drop(slurm);
    let files: Vec<String> = (1..=6).map(|part| format!("part.{part}.journal")).collect();
    let merged = yard.run(&format!("verify --merge whole {}", files.join(" ")));
    assert_eq!(merged.status, 0, "{merged:?}");
    assert!(merged.stdout.contains("answer\t78498\n"), "{merged:?}");
    let part = yard.run("verify part.4.journal");
    assert!(part.stdout.contains("part\t4/6 of 0..1000000\n"), "{part:?}");
}
