//! Ten scripts of the kinds that research groups publish, each run as it is.

use crate::yard::Yard;
use std::path::Path;

/// Puts a script into the directory of a test, not executable, as sbatch takes it.
fn script(yard: &Yard, name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sbatch/scripts").join(name);
    std::fs::write(yard.path(name), std::fs::read(path).unwrap()).unwrap();
}

/// Runs a script, and gives the id of its job.
fn submitted(yard: &Yard, words: &str) -> u64 {
    let ended = yard.run(&format!("sbatch {words}"));
    assert_eq!(ended.status, 0, "{ended:?}");
    let id = ended.stdout.strip_prefix("Submitted batch job ").unwrap();
    id.trim_end().parse().unwrap()
}

fn put(yard: &Yard, name: &str, text: &str) {
    let path = yard.path(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// Six files of letters, each one longer than the one before.
fn put_reads(yard: &Yard) {
    for n in 1..=6 {
        put(yard, &format!("reads/s{n}.txt"), &format!("{}\n", "ACGTTGCA".repeat(n)));
    }
    put(yard, "samples.txt", "s1\ns2\ns3\ns4\ns5\ns6\n");
}

pub(crate) fn each_task_has_a_line_of_a_list() {
    let yard = Yard::new();
    script(&yard, "line-of-a-list.sh");
    put_reads(&yard);
    submitted(&yard, "line-of-a-list.sh");
    for n in 1..=6 {
        assert_eq!(yard.text(&format!("trimmed/s{n}.txt")), "ACGT\n");
        let said = yard.text(&format!("trim_reads.{n}.o"));
        assert!(
            said.contains("module: command not found") && said.contains(&format!("sample s{n}\n")),
            "{said}"
        );
    }
}

pub(crate) fn each_task_has_a_file_of_a_directory() {
    let yard = Yard::new();
    script(&yard, "files-of-a-directory.sh");
    put_reads(&yard);
    let id = submitted(&yard, "files-of-a-directory.sh");
    for n in 1..=6 {
        assert_eq!(yard.text(&format!("counts/s{n}.count")).trim(), (8 * n + 1).to_string());
        assert!(yard.path(&format!("slurm-{id}_{}.out", n - 1)).exists());
    }
}

pub(crate) fn each_task_has_a_row_of_a_table() {
    let yard = Yard::new();
    script(&yard, "columns-of-a-table.sh");
    put(&yard, "config.txt", "ArrayTaskID\tSampleName\tSex\n1\ta\tF\n2\tb\tM\n3\tc\tF\n4\td\tM\n");
    let id = submitted(&yard, "columns-of-a-table.sh");
    for (n, row) in [(1, "a, F"), (2, "b, M"), (3, "c, F"), (4, "d, M")] {
        assert_eq!(yard.text(&format!("table-{n}.txt")), format!("task {n}: {row}\n"));
        assert_eq!(yard.text(&format!("table_{id}_{n}.log")), "");
    }
}

pub(crate) fn each_task_has_a_window() {
    let yard = Yard::new();
    script(&yard, "windows-by-step.sh");
    submitted(&yard, "windows-by-step.sh");
    let sums = (0..10).map(|window| {
        let (start, end) = (window * 10 + 1, window * 10 + 10);
        let text = yard.text(&format!("window-{start}.txt"));
        let sum = text.trim().strip_prefix(&format!("{start}-{end} ")).unwrap().to_owned();
        sum.parse::<u64>().unwrap()
    });
    assert_eq!(sums.sum::<u64>(), 5050);
}

pub(crate) fn each_task_has_a_point_of_a_grid() {
    let yard = Yard::new();
    script(&yard, "parameter-grid.sh");
    let refused = yard.run("sbatch parameter-grid.sh");
    refused.failed(2, "the directory logs of --output does not exist; make it: mkdir -p logs");
    std::fs::create_dir(yard.path("logs")).unwrap();
    submitted(&yard, "parameter-grid.sh");
    let products: String = (0..12).map(|n| yard.text(&format!("logs/grid_{n}.out"))).collect();
    assert_eq!(products.lines().count(), 12);
    assert!(products.ends_with("1.0\t8\t8.00\n"), "{products}");
    assert_eq!(yard.text("logs/grid_5.err"), "running alpha=0.5 beta=2\n");
}

pub(crate) fn each_task_has_a_seed() {
    let yard = Yard::new();
    script(&yard, "simulation.py");
    submitted(&yard, "simulation.py");
    let first: Vec<String> = (1..=5).map(|n| yard.text(&format!("walk_{n}.csv"))).collect();
    assert!(first.iter().zip(1..).all(|(row, n)| row.starts_with(&format!("{n},1,"))), "{first:?}");
    // The same again, for one task alone as a part of the whole array.
    submitted(&yard, "--array-of=1-5@77 --array=4 simulation.py");
    assert_eq!(yard.text("walk_4.csv"), first[3]);
}

pub(crate) fn each_task_has_a_command_of_a_file() {
    let yard = Yard::new();
    script(&yard, "commands-of-a-file.sh");
    put(&yard, "jobs.txt", "echo one\nexpr 1 + 1\nprintf 'th%see\\n' r\n");
    let id = submitted(&yard, "commands-of-a-file.sh");
    let text = yard.text(&format!("run-{id}.log"));
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["2", "one", "three"]);
}

pub(crate) fn a_task_goes_on_from_its_checkpoint() {
    let yard = Yard::new();
    script(&yard, "restart.sh");
    submitted(&yard, "--retries 1 restart.sh");
    assert_eq!(yard.text("restart_2.out"), "start\ndone\n");
    assert_eq!(yard.text("restart_3.out"), "start\nrestart 1 from half of it\ndone\n");
    assert_eq!(yard.text("restart_5.out"), "start\ndone\n");
    assert!(!yard.path("restart_4.out").exists());
}

pub(crate) fn each_task_has_a_shard() {
    let yard = Yard::new();
    script(&yard, "shards.pl");
    put(&yard, "rows", &('a'..='j').map(|row| format!("{row}\n")).collect::<String>());
    let id = submitted(&yard, "shards.pl rows out");
    let shards: Vec<String> = (0..4).map(|k| yard.text(&format!("out.{k}"))).collect();
    assert_eq!(shards, ["A\nE\nI\n", "B\nF\nJ\n", "C\nG\n", "D\nH\n"]);
    let said = yard.text(&format!("shards.{}-00.3", id + 4));
    assert_eq!(said, "shard 3 of 4: 2 lines\n");
}

pub(crate) fn a_script_without_an_array_is_one_job() {
    let yard = Yard::new();
    script(&yard, "one-job.sh");
    std::fs::create_dir(yard.path("work")).unwrap();
    let ended = yard.run("sbatch one-job.sh");
    let id = ended.stdout.strip_prefix("Submitted batch job ").unwrap().trim_end();
    assert!(ended.stderr.contains("no effect on one machine: --account, --gres\n"), "{ended:?}");
    let host = rustix::system::uname().nodename().to_str().unwrap().to_owned();
    let work = yard.path("work").canonicalize().unwrap();
    assert_eq!(
        yard.text(&format!("work/{id}.txt")),
        format!("job {id} on {host}\ntask none\n{}\nthreads 1\n", work.display())
    );
}
