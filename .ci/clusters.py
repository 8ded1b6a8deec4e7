# Checks the files of docs/clusters: each with the schema or the parser of its engine, then by running its tasks here with
# fewer numbers. Called by .ci/run with the path of the program.
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

import botocore.session
import kubernetes_validate
import yaml
from botocore.validate import ParamValidator

os.environ["CONDOR_CONFIG"] = "ONLY_ENV"
import htcondor

EVENLY = os.path.abspath(sys.argv[1])
FILES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "docs", "clusters")
# Primes below 10^5.
ANSWER = "answer\t9592\n"


def read(name):
    text = open(os.path.join(FILES, name)).read()
    return re.sub(r"0\.\.1e(9|12)\b", "0..1e5", text).replace("/journals/", "")


def kubernetes(text):
    """The words and variables of the first container of each workload, and how many there are."""
    for resource in yaml.safe_load_all(text):
        kubernetes_validate.validate(resource, kubernetes_validate.latest_version(), strict=True)
        template = resource["spec"].get("template")
        if template:
            container = template["spec"]["containers"][0]
            words = container["command"] + container.get("args", [])
            yield words, {one["name"]: one["value"] for one in container.get("env", [])}, resource["spec"]


def indexed_job(text):
    for words, variables, spec in kubernetes(text):
        assert spec["completionMode"] == "Indexed"
        for index in range(spec["completions"]):
            yield words, {**variables, "JOB_COMPLETION_INDEX": str(index)}


def aws_batch(text):
    given = json.loads(text)
    shape = botocore.session.Session().get_service_model("batch").operation_model("SubmitJob").input_shape
    report = ParamValidator().validate(given, shape)
    if report.has_errors():
        raise ValueError(report.generate_report())
    overrides = given["containerOverrides"]
    variables = {one["name"]: one["value"] for one in overrides["environment"]}
    for index in range(given["arrayProperties"]["size"]):
        yield overrides["command"], {**variables, "AWS_BATCH_JOB_ARRAY_INDEX": str(index)}


def condor(text):
    submit = htcondor.Submit(text)
    for job in submit.jobs(count=int(submit.getQArgs())):
        yield [job["Cmd"].replace("/usr/local/bin/", "")] + job["Args"].split(), {}


def environment(variables):
    path = os.getcwd() + os.pathsep + os.environ["PATH"]
    return {**os.environ, **variables, "PATH": path, "XDG_STATE_HOME": os.path.join(os.getcwd(), "state")}


def run(words, variables={}, status=0):
    done = subprocess.run(
        words, env=environment(variables), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == status, (words, done)
    return done


def verified(status=0):
    journals = sorted(glob.glob("part.*.journal"))
    return run(["evenly", "verify"] + journals, status=status).stdout


def parts(tasks):
    tasks = list(tasks)
    assert len(tasks) == 16, tasks
    for words, variables in tasks:
        done = run(words, variables)
        assert not done.stderr, done
    assert len(glob.glob("part.*.journal")) == 16
    assert ANSWER in verified()


def refused(check, text, expected):
    """A file with a mistake must be refused: otherwise these checks check nothing."""
    try:
        list(check(text))
    except Exception as error:
        assert expected in str(error), error
    else:
        raise AssertionError(f"not refused: {expected}")


def agents(text):
    """The containers as processes: a primary, and two agents with its key."""
    text = text.replace("/key/key", "key").replace("tcp:0.0.0.0:7000", "tcp:127.0.0.1:0")
    (primary, _, _), (agent, _, _) = kubernetes(text)
    run(["evenly", "keygen", "key"])
    both = dict(stdin=subprocess.DEVNULL, text=True, env=environment({}))
    with subprocess.Popen(primary, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **both) as first:
        port = next(line for line in first.stderr if "listening at " in line).strip().rsplit(":", 1)[1]
        join = [word.replace("evenly-primary:7000", f"127.0.0.1:{port}") for word in agent]
        joined = [subprocess.Popen(join, stderr=subprocess.DEVNULL, **both) for _ in range(2)]
        said, _ = first.communicate(timeout=120)
        assert (said, first.returncode) == ("9592\n", 0), (said, first.returncode)
        assert [one.wait(timeout=120) for one in joined] == [0, 0]


def mpi(text):
    """Each rank does a part. One whose journal is of another job fails by itself."""
    open("parts.mpi.sh", "w").write(text)
    words = ["mpirun", "--allow-run-as-root", "--oversubscribe", "-n", "4", "sh", "parts.mpi.sh"]
    run(["evenly", "count", "even", "0..10", "--journal", "part.2.journal"])
    assert "of another job" in run(words).stderr
    verified(status=5)
    os.remove("part.2.journal")
    assert not run(words).stderr
    assert ANSWER in verified()


def main():
    swapped = lambda name, old, new: read(name).replace(old, new)
    checks = {
        "kubernetes-parts.yaml": lambda text: parts(indexed_job(text)),
        "kubernetes-agents.yaml": agents,
        "aws-batch.json": lambda text: parts(aws_batch(text)),
        "parts.condor": lambda text: parts(condor(text)),
        "parts.mpi.sh": mpi,
    }
    for name, check in checks.items():
        with tempfile.TemporaryDirectory() as directory:
            os.chdir(directory)
            os.symlink(EVENLY, "evenly")
            check(read(name))
            os.chdir("/")
        print(name, "holds")
    refused(kubernetes, swapped("kubernetes-parts.yaml", "completionMode:", "completionsMode:"), "completionsMode")
    refused(kubernetes, swapped("kubernetes-agents.yaml", "replicas: 8", "replicas: many"), "replicas")
    refused(aws_batch, swapped("aws-batch.json", '"attempts"', '"tries"'), "tries")
    # HTCondor ends the process for this one.
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        list(condor(swapped("parts.condor", "$INT(K)/16", "$INT(L)/16")))
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0


main()
