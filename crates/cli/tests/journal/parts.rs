//! `--part K/N`: parts with journals of their own, which `evenly verify --merge` puts together.

use crate::house::{House, finish, reference, refused};
use crate::support::PATIENCE;
use std::process::{Command, Output};
use std::thread::sleep;
use std::time::{Duration, Instant};

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Answers of all verbs over several kinds of items, in parts, against those of one run.
pub(crate) fn parts_of_every_verb_are_one_answer() {
    let verbs = [
        ("count", "n % 3 == 1"),
        ("sum", "n * n - 1000 * n"),
        ("min", "n * n - 40 * n"),
        ("max", "n % 17"),
        ("find", "n % 5 == 2"),
        ("any", "n == 33"),
        ("all", "n < 60"),
        ("hist", "n % 4"),
        ("map", "n * n"),
        ("mean", "n"),
        ("failures", "100 / (n % 7)"),
    ];
    for (number, (verb, function)) in verbs.into_iter().enumerate() {
        let items = ["0..100", "-20..=300:3", "1,2,5,9..20,33,70..=90:4"][number % 3];
        let (count, stride) = [(4, ":stride"), (3, ""), (5, ":stride"), (7, "")][number % 4];
        parts_are_whole(verb, function, items, count, stride);
    }
    for (verb, function) in [("find", "n % 5 == 2"), ("map", "n * n")] {
        parts_are_whole(verb, function, "0..200", 4, ":stride");
        parts_are_whole(verb, function, "0..200", 3, "");
    }
}

fn parts_are_whole(verb: &str, function: &str, items: &str, count: u32, stride: &str) {
    let house = House::new();
    let expected = reference(verb, function, items);
    let mut files = String::new();
    for part in 1..=count {
        let words =
            format!("{items} --part {part}/{count}{stride} --journal p{part} -j 2 --chunk 3");
        let output = finish(house.call(verb, function, &words));
        assert!(matches!(output.status.code(), Some(0 | 1)), "{verb} {words}: {output:?}");
        files += &format!(" p{part}");
    }
    let merged = finish(house.other(&format!("verify --merge whole{files}")));
    assert_eq!(merged.status.code(), Some(0), "{verb} {items} {stride}: {merged:?}");
    assert!(finish(house.other("verify whole")).status.success());
    // The merged journal answers the whole question, and no number is tested again.
    let words = format!("{items} --journal whole --resume --format text");
    let answered = finish(house.call(verb, function, &words));
    assert_eq!(text(&answered), text(&expected), "{verb} {function} {items} {count}{stride}");
    assert_eq!(answered.status.code(), expected.status.code());
}

/// 16 parts, each killed a few times.
pub(crate) fn sixteen_parts_with_kills_are_one_answer() {
    let house = House::new();
    let (function, items) = ("tau(n) % 64 == 0", "1..400000");
    let mut files = String::new();
    for part in 1..=16_u64 {
        let words = format!("{items} --part {part}/16:stride --journal p{part} --resume -j 2 -q");
        for kill in 0..2 {
            let mut child = house.call("find", function, &words).spawn().unwrap();
            sleep(Duration::from_millis(5 + 17 * ((part + kill) % 4)));
            let _ = child.kill();
            child.wait().unwrap();
        }
        let began = Instant::now();
        // The workers of a killed run may hold the lock for a moment.
        loop {
            let output = finish(house.call("find", function, &words));
            if matches!(output.status.code(), Some(0 | 1)) {
                break;
            }
            assert!(began.elapsed() < PATIENCE, "{output:?}");
            sleep(Duration::from_millis(50));
        }
        files += &format!(" p{part}");
    }
    let merged = finish(house.other(&format!("verify --merge whole{files}")));
    assert_eq!(merged.status.code(), Some(0), "{merged:?}");
    let words = format!("{items} --journal whole --resume");
    let answered = finish(house.call("find", function, &words));
    assert_eq!(text(&answered), text(&reference("find", function, items)));
}

fn two_of_three(house: &House) {
    for part in [1, 3] {
        let words = format!("0..90 --part {part}/3:stride --journal p{part}");
        assert!(finish(house.call("count", "even", &words)).status.success());
    }
}

pub(crate) fn a_missing_part_is_named() {
    let house = House::new();
    two_of_three(&house);
    for words in ["verify p1 p3", "verify p1 p3 --merge most --partial"] {
        let output = finish(house.other(words));
        assert_eq!(output.status.code(), Some(4), "{output:?}");
        assert!(
            said(&output).contains("no journal is of part 2/3:stride: run it with"),
            "{output:?}"
        );
        assert!(text(&output).contains("missing\t30\n"), "{output:?}");
        assert!(text(&output).contains("absent\t2/3:stride\n"), "{output:?}");
    }
    // One part alone is complete by itself, and says which one it is.
    let alone = finish(house.other("verify p1"));
    assert_eq!(alone.status.code(), Some(0), "{alone:?}");
    assert!(text(&alone).contains("part\t1/3:stride of 0..90\ndone\t30\n"), "{alone:?}");
    // What was merged first goes on with the part that came later.
    let words = "0..90 --part 2/3:stride --journal p2";
    assert!(finish(house.call("count", "even", words)).status.success());
    let all = finish(house.other("verify most p2"));
    assert_eq!(all.status.code(), Some(0), "{all:?}");
    assert!(text(&all).contains("answer\t45\n"), "{all:?}");
}

/// The same line works when the part has come, and a journal in the place of the new file is not touched.
pub(crate) fn parts_are_merged_when_none_is_missing() {
    let house = House::new();
    two_of_three(&house);
    let merge = || finish(house.other("verify --merge whole p1 p3 p2"));
    let without = finish(house.other("verify --merge whole p1 p3"));
    assert_eq!(without.status.code(), Some(4), "{without:?}");
    assert_eq!(
        said(&without),
        "evenly: not complete: of the numbers, 30 not done (no journal is of part 2/3:stride: run it with --part, or name \
         its journal); whole is not written (--partial writes it all the same)\n"
    );
    assert!(!house.path("whole").exists());
    let words = "0..90 --part 2/3:stride --journal p2";
    assert!(finish(house.call("count", "even", words)).status.success());
    let whole = merge();
    assert_eq!((whole.status.code(), said(&whole)), (Some(0), String::new()), "{whole:?}");
    assert!(text(&whole).contains("answer\t45\n"), "{whole:?}");
    let again = merge();
    assert_eq!(again.status.code(), Some(5), "{again:?}");
    assert_eq!(
        said(&again),
        "evenly: 'whole' exists, and --merge writes a new file only; name another file: evenly verify --merge NEW FILE...\n"
    );
    for (words, expected) in [
        (
            "verify --merge p1 p2 p3 all",
            "evenly: 'p1' exists, and the word behind --merge is the new file; write: evenly verify --merge all p1 p2 p3\n",
        ),
        (
            "verify --merge 0..90 p1 p2 p3",
            "evenly: '0..90' is a range, and the word behind --merge is the new file; write: evenly verify --merge NEW p1 p2 p3\n",
        ),
    ] {
        let refused = finish(house.other(words));
        assert_eq!((refused.status.code(), said(&refused).as_str()), (Some(2), expected));
    }
    // A part that ended early is not finished.
    for part in [1, 2, 3] {
        let words = format!(
            "count 0..90 --part {part}/3:stride --journal f{part} -j 1 --halt now,fail=1 --"
        );
        let mut call = house.other(&words);
        call.args(["sh", "-c", "test $1 != 44 || exit 3", "sh", "{}"]);
        assert_eq!(finish(call).status.code(), Some(if part == 3 { 4 } else { 0 }), "{part}");
    }
    let stopped = finish(house.other("verify --merge found f1 f2 f3"));
    assert_eq!(stopped.status.code(), Some(4), "{stopped:?}");
    let not_written = "; found is not written (--partial writes it all the same)\n";
    assert!(said(&stopped).ends_with(not_written), "{stopped:?}");
    assert!(!house.path("found").exists());
}

pub(crate) fn a_part_of_another_job_is_refused_by_name() {
    let house = House::new();
    two_of_three(&house);
    for (function, words, expected) in [
        (
            "odd",
            "0..90 --part 2/3:stride",
            "function 'odd' there, 'even' in the journals before it; leave it out",
        ),
        ("even", "0..91 --part 2/3:stride", "part 2/3:stride of 0..91"),
        ("even", "0..90 --part 2/4:stride", "part 2/4:stride of 0..90"),
        ("even", "0..90 --part 2/3", "part 2/3 of 0..90"),
    ] {
        let _ = std::fs::remove_file(house.path("other"));
        let made = finish(house.call("count", function, &format!("{words} --journal other")));
        assert!(made.status.success(), "{made:?}");
        let output = finish(house.other("verify --merge whole p1 other p3"));
        refused(&output, 5, &["other", expected]);
        assert!(!house.path("whole").exists());
    }
    // Another part does not go on with it, and neither does the whole.
    for words in ["0..90 --part 2/3:stride", "0..90"] {
        let output = finish(house.call("count", "even", &format!("{words} --journal p1 --resume")));
        refused(&output, 5, &["p1", "part 1/3:stride of 0..90"]);
    }
}

pub(crate) fn a_part_that_ran_twice_counts_once() {
    let house = House::new();
    // The command answers differently for 17 when the file is there.
    let script = "test $1 = 17 && cat answer || echo $1";
    let run = |part: u32, name: &str| {
        let words = format!("0..30 --part {part}/3 --journal {name}");
        let mut command = Command::new(crate::support::EVENLY);
        command.arg("map").args(words.split(' ')).args(["--", "sh", "-c", script, "sh", "{}"]);
        house.at_home(&mut command);
        finish(command)
    };
    std::fs::write(house.path("answer"), "17\n").unwrap();
    for (part, name) in [(1, "a"), (2, "b"), (3, "c"), (2, "again")] {
        assert!(run(part, name).status.success());
    }
    let output = finish(house.other("verify --merge whole a b c again"));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(text(&output).contains("repeated\tagain\tb\n"), "{output:?}");
    assert!(text(&output).contains("done\t30\n"), "{output:?}");
    std::fs::write(house.path("answer"), "18\n").unwrap();
    assert!(run(2, "other").status.success());
    let output = finish(house.other("verify --merge another a b c other"));
    refused(&output, 5, &["'b' and 'other'", "n in 17..=17", "another value"]);
    assert!(!house.path("another").exists());
}

pub(crate) fn two_writers_of_one_part_do_not_mix() {
    let house = House::new();
    let words = "0..40 --part 2/4 --journal p2 --resume -j 1";
    let mut first = Command::new(crate::support::EVENLY);
    first.arg("map").args(words.split(' '));
    first.args(["--", "sh", "-c", "sleep 0.3; echo $1", "sh", "{}"]);
    house.at_home(&mut first);
    let mut first = first.stdout(std::process::Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    while !house.path("p2.lock").exists() {
        assert!(began.elapsed() < PATIENCE);
        sleep(Duration::from_millis(5));
    }
    let mut second = Command::new(crate::support::EVENLY);
    second.arg("map").args(words.split(' '));
    second.args(["--", "sh", "-c", "sleep 0.3; echo $1", "sh", "{}"]);
    house.at_home(&mut second);
    refused(&finish(second), 5, &["p2"]);
    assert!(first.wait().unwrap().success());
    let whole = finish(house.other("verify p2"));
    assert!(text(&whole).contains("part\t2/4 of 0..40\ndone\t10\n"), "{whole:?}");
}

/// A resumed run has the part of its journal, whatever its environment says.
pub(crate) fn a_part_is_resumed_outside_of_its_array_task() {
    let house = House::new();
    let words = "map 0..40 --part auto --journal p --halt now,done=3 --chunk 1 -j 1 -- sh -c";
    let mut command = house.other(words);
    command
        .args(["sleep 0.1; echo $1", "sh", "{}"])
        .env("JOB_COMPLETION_INDEX", "1")
        .env("EVENLY_PARTS", "4");
    assert_eq!(finish(command).status.code(), Some(4));
    let resumed = finish(house.other("resume p --halt never"));
    let expected: Vec<String> = (10..20).map(|n| format!("{n}\t{n}\n")).collect();
    assert_eq!(text(&resumed), expected.concat(), "{resumed:?}");
    let mut command = house.call("map", "n * n", "0..40 --part auto");
    for name in ["SLURM_ARRAY_TASK_ID", "SGE_TASK_ID", "PBS_ARRAY_INDEX", "LSB_JOBINDEX"] {
        command.env_remove(name);
    }
    let output = finish(command);
    refused(&output, 2, &["--part auto finds no array task", "write --part K/N"]);
    let dry = finish(house.call("count", "even", "0..40 --part 2/4:stride --dry-run"));
    assert!(text(&dry).contains("10 numbers, n in 1..=37:4; part 2/4:stride of 0..40"), "{dry:?}");
    let sample = finish(house.call("count", "even", "0..40 --part 1/2 --sample 5"));
    refused(&sample, 2, &["--part and --sample without --seed", "add --seed S"]);
}

/// A sum of doubles is rounded once, over all parts.
pub(crate) fn parts_of_doubles_are_one_exact_sum() {
    for verb in ["sum", "mean", "min", "hist"] {
        let house = House::new();
        for part in 1..=3 {
            let words =
                format!("{verb} 0..30 --part {part}/3:stride --journal p{part} -- echo 0.{{}}");
            assert!(finish(house.other(&words)).status.success());
        }
        let merged = finish(house.other("verify --merge whole p1 p2 p3"));
        assert_eq!(merged.status.code(), Some(0), "{merged:?}");
        let whole = finish(house.other(&format!("{verb} 0..30 -- echo 0.{{}}")));
        let words = format!("{verb} 0..30 --journal whole --resume -- echo 0.{{}}");
        assert_eq!(text(&finish(house.other(&words))), text(&whole), "{verb}");
    }
}

/// Parts of lines of a file run each line once, and the merged journal has all of them.
pub(crate) fn parts_of_lines_run_each_line_once() {
    let house = House::new();
    let lines: String = (0..20).map(|line| format!("line-{line}\n")).collect();
    std::fs::write(house.path("lines"), &lines).unwrap();
    let mut printed = Vec::new();
    for part in 1..=3 {
        let words = format!("run --lines lines --part {part}/3 --journal p{part} -- echo {{}}");
        printed.push(text(&finish(house.other(&words))));
    }
    let mut printed: Vec<String> = printed.concat().lines().map(ToOwned::to_owned).collect();
    printed.sort();
    let mut expected: Vec<String> = lines.lines().map(ToOwned::to_owned).collect();
    expected.sort();
    assert_eq!(printed, expected);
    let merged = finish(house.other("verify --merge whole p1 p2 p3"));
    assert_eq!(merged.status.code(), Some(0), "{merged:?}");
    assert!(text(&merged).contains("done\t20\n"), "{merged:?}");
}

/// Journals of different items that are not parts merge over the union.
pub(crate) fn journals_of_different_steps_merge() {
    let house = House::new();
    for (items, name) in [("0..=98:2", "a"), ("1..=49:2", "b"), ("51..=99:2", "c")] {
        let words = format!("{items} --journal {name}");
        assert!(finish(house.call("map", "n * n", &words)).status.success());
    }
    let merged = finish(house.other("verify a b c --merge whole"));
    assert_eq!(merged.status.code(), Some(0), "{merged:?}");
    let answered = finish(house.call("map", "n * n", "0..100 --journal whole --resume"));
    assert_eq!(text(&answered), text(&reference("map", "n * n", "0..100")));
}

/// The script for Open MPI in docs/clusters, with the variables that mpirun gives its ranks.
pub(crate) fn the_script_for_mpi_does_a_part_in_each_rank() {
    let house = House::new();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/clusters/parts.mpi.sh");
    let script = std::fs::read_to_string(script).unwrap().replace("0..1e9", "0..1e5");
    let script = script.replace("evenly count", &format!("{} count", crate::support::EVENLY));
    std::fs::write(house.path("parts.mpi.sh"), script).unwrap();
    for rank in 0..3 {
        let mut command = Command::new("sh");
        command.arg("parts.mpi.sh");
        house.at_home(&mut command);
        command.env("OMPI_COMM_WORLD_RANK", rank.to_string()).env("OMPI_COMM_WORLD_SIZE", "3");
        let output = finish(command);
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    }
    let merged = finish(house.other("verify part.0.journal part.1.journal part.2.journal"));
    assert!(text(&merged).contains("answer\t9592\n"), "{merged:?}");
}

/// Reads the manifests in docs/clusters, and checks the fields on which the parts depend.
const CHECK_MANIFESTS: &str = r#"
import json, sys, yaml
def read(name): return [one for one in yaml.safe_load_all(open(f"{sys.argv[1]}/{name}")) if one]
claim, job = read("kubernetes-parts.yaml")
spec = job["spec"]
pod = spec["template"]["spec"]
container = pod["containers"][0]
assert (job["apiVersion"], job["kind"], spec["completionMode"]) == ("batch/v1", "Job", "Indexed")
assert {"name": "EVENLY_PARTS", "value": str(spec["completions"])} in container["env"]
assert pod["restartPolicy"] == "OnFailure" and "--part auto" in container["args"][0]
assert pod["volumes"][0]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
service, primary, agents = read("kubernetes-agents.yaml")
assert [one["kind"] for one in (service, primary, agents)] == ["Service", "Job", "Deployment"]
labels = primary["spec"]["template"]["metadata"]["labels"]
assert service["spec"]["selector"] == labels
assert agents["spec"]["selector"]["matchLabels"] == agents["spec"]["template"]["metadata"]["labels"]
port = service["spec"]["ports"][0]["port"]
words = agents["spec"]["template"]["spec"]["containers"][0]["command"]
assert f'tcp:{service["metadata"]["name"]}:{port}' in words, words
for one in (primary, agents):
    inner = one["spec"]["template"]["spec"]
    names = {volume["name"] for volume in inner["volumes"]}
    assert {mount["name"] for mount in inner["containers"][0]["volumeMounts"]} == names
    assert inner["volumes"][0]["secret"]["defaultMode"] == 0o400
batch = json.load(open(f"{sys.argv[1]}/aws-batch.json"))
assert {"name": "EVENLY_PARTS", "value": str(batch["arrayProperties"]["size"])} in batch["containerOverrides"]["environment"]
assert "--part auto" in batch["containerOverrides"]["command"][2]
"#;

pub(crate) fn the_manifests_have_the_fields_on_which_parts_depend() {
    let check = |script: &str| {
        let mut command = Command::new("python3");
        command.args(["-c", script, concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/clusters")]);
        finish(command)
    };
    if !check("import yaml").status.success() {
        eprintln!("not checked: python3 has no module yaml");
        return;
    }
    let output = check(CHECK_MANIFESTS);
    assert!(output.status.success(), "{}", said(&output));
}
