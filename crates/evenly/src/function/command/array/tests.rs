//! Tests of array jobs: their names, and the variables of their tasks.

use super::job::{IDS, Machine, draw_id};
use super::*;
use evenly_core::{Items, Range};

fn files() -> TaskFiles {
    TaskFiles { directory: "/tmp/t".into(), hosts: "/tmp/hosts".into(), programs: "/p".into() }
}

fn job(system: ArraySystem) -> ArrayJob {
    let range = Range::new(3, 8).unwrap();
    ArrayJob::new(system, range).with_id(4711).named_after("./bin/a b.sh".as_ref())
}

fn values(job: &ArrayJob, n: i64, attempt: u32, names: &[&str]) -> Vec<String> {
    let all = job.variables(n, attempt, &files());
    let all: Vec<String> = all.into_iter().map(|one| one.into_string().unwrap()).collect();
    let value = |name: &&str| {
        let found = all.iter().filter_map(|one| one.split_once('=')).filter(|one| one.0 == *name);
        let found: Vec<_> = found.collect();
        assert!(found.len() <= 1, "{found:?}");
        found.first().map_or("-", |one| one.1).to_owned()
    };
    names.iter().map(value).collect()
}

#[test]
fn each_system_names_the_task_in_its_own_way() {
    let slurm =
        ["SLURM_ARRAY_JOB_ID", "SLURM_JOB_ID", "SLURM_ARRAY_TASK_ID", "SLURM_RESTART_COUNT"];
    assert_eq!(values(&job(ArraySystem::Slurm), 3, 1, &slurm), ["4711", "4712", "3", "-"]);
    assert_eq!(values(&job(ArraySystem::Slurm), 5, 3, &slurm), ["4711", "4714", "5", "2"]);
    let sge = ["JOB_ID", "SGE_TASK_ID", "SGE_TASK_LAST", "JOB_NAME", "TMPDIR", "RESTARTED"];
    let expected = ["4711", "5", "7", "a b.sh", "/tmp/t", "0"];
    assert_eq!(values(&job(ArraySystem::Sge), 5, 1, &sge), expected);
    let host = Machine::this().host.into_string().unwrap();
    let pbs = ["PBS_JOBID", "PBS_ARRAY_ID", "PBS_ARRAY_INDEX", "PBS_ARRAYID", "PBS_NODEFILE"];
    let expected = [format!("4711[5].{host}"), format!("4711[].{host}")];
    let found = values(&job(ArraySystem::Pbs), 5, 1, &pbs);
    assert_eq!(
        (&found[..2], &found[2..]),
        (&expected[..], &["5", "5", "/tmp/hosts"].map(str::to_owned)[..])
    );
    let lsf = ["LSB_JOBID", "LSB_JOBINDEX", "LSB_JOBINDEX_END", "LSB_BATCH_JID", "LSB_JOBNAME"];
    let expected = ["4711", "5", "7", "4711[5]", "a b.sh[5]"];
    assert_eq!(values(&job(ArraySystem::Lsf), 5, 1, &lsf), expected);
}

#[test]
fn variables_of_an_outer_job_are_replaced_and_settings_stay() {
    for (system, replaced, kept) in [
        (ArraySystem::Slurm, "SLURM_STEP_ID SLURMD_DEBUG TMPDIR", "SLURM_CONF SBATCH_X PBS_JOBID"),
        (ArraySystem::Sge, "SGE_STDIN_PATH JOB_ID PE_HOSTFILE TMP", "SGE_ROOT PATH SLURM_JOB_ID"),
        (ArraySystem::Pbs, "PBS_WALLTIME NCPUS", "PBS_SERVER LSB_JOBID"),
        (ArraySystem::Lsf, "LSB_OUTPUTFILE LS_JOBPID LSFUSER", "LSF_ENVDIR LS"),
    ] {
        let job = job(system);
        let is_replaced = |name: &str| job.replaces(name.as_ref());
        assert!(replaced.split(' ').all(is_replaced), "{replaced}");
        assert!(!kept.split(' ').any(is_replaced), "{kept}");
    }
}

#[test]
fn an_agent_gets_the_same_submission() {
    let items = Items::from(Range::new(3, 8).unwrap());
    for (job, shown) in [
        (job(ArraySystem::Slurm), "slurm:3..=7@4711"),
        (job(ArraySystem::Pbs).tasks(Range::new(-5, 100).unwrap()), "pbs:-5..=99@4711"),
        (job(ArraySystem::Sge).tasks("1,5..=9:2".parse::<Items>().unwrap()), "sge:1,5..=9:2@4711"),
        (job(ArraySystem::Lsf).named(OsStr::from_bytes(b"\xff:% x").into()), "lsf:3..=7@4711"),
    ] {
        let again = ArrayJob::of_words(&job.shown(false, false), &job.submitted(), &items).unwrap();
        assert_eq!(again.submission, job.submission);
        assert_eq!((&*again.shown(true, true), &*job.shown(true, true)), (shown, shown));
        assert!(!job.submitted().contains(' '));
    }
    assert!(ArrayJob::of_words("slurm", "", &items).is_none());
    assert!(ArrayJob::of_words("slurm:9..=1", "1:1:a:b:c", &items).is_none());
    assert!(ArrayJob::of_words("other", "1:1:a:b:c", &items).is_none());
}

#[test]
fn tasks_of_a_list_have_consecutive_ids_and_their_count() {
    let job = |items: &str| {
        ArrayJob::new(ArraySystem::Slurm, items.parse::<Items>().unwrap()).with_id(100)
    };
    let names = [
        "SLURM_JOB_ID",
        "SLURM_ARRAY_TASK_COUNT",
        "SLURM_ARRAY_TASK_MIN",
        "SLURM_ARRAY_TASK_MAX",
        "SLURM_ARRAY_TASK_STEP",
    ];
    assert_eq!(values(&job("1,5,7"), 5, 1, &names), ["102", "3", "1", "7", "1"]);
    assert_eq!(values(&job("4..=12:4"), 12, 1, &names), ["103", "3", "4", "12", "4"]);
    assert_eq!(values(&job("4..=12:4,13").stepped(4), 13, 1, &names), ["104", "4", "4", "13", "4"]);
}

#[test]
fn ids_fit_into_32_bits_and_differ() {
    let drawn: Vec<u64> = (0..100).map(|_| draw_id()).collect();
    assert!(drawn.iter().all(|id| IDS.contains(id)));
    assert!(drawn.iter().any(|id| *id != drawn[0]));
}
