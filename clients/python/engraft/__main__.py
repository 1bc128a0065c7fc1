"""python -m engraft: the same from a shell."""
import argparse
import shutil
import sys
from pathlib import Path

from .client import Client, EngraftError
from .proof import NotProven, verify


def main():
    parser = argparse.ArgumentParser(prog="engraft", description="Released models of a federation. The token is read from ENGRAFT_TOKEN.")
    commands = parser.add_subparsers(dest="command", required=True)
    listing = commands.add_parser("list", help="all models, newest first")
    fetching = commands.add_parser("download", help="all files of one, by its run or as 'name version'")
    for command in (listing, fetching):
        command.add_argument("--url", required=True, help="of the coordinator")
    fetching.add_argument("name")
    fetching.add_argument("folder")
    fetching.add_argument("--withdrawn", action="store_true", help="also one that was withdrawn")
    checking = commands.add_parser("verify", help="whether the files are what the coordinator signed; offline")
    hub = commands.add_parser("hub", help="lay a verified release out as model hubs want it")
    tracking = commands.add_parser("mlflow", help="log a verified release as artefacts of an MLflow run; needs mlflow")
    for command in (checking, hub, tracking):
        command.add_argument("folder")
        command.add_argument("--key", required=True, help="the coordinator's public key")
    hub.add_argument("out")
    try:
        _run(parser.parse_args())
    except (EngraftError, NotProven) as error:
        print(error, file=sys.stderr)
        sys.exit(1)


def _run(asked):
    if asked.command == "list":
        for one in Client(asked.url).releases():
            released = one["released"]
            state = "withdrawn" if one["withdrawn"] else "candidate" if released is None else f"{released['name']} {released['version']}"
            print(one["run"], state, sep="\t")
    elif asked.command == "download":
        print(Client(asked.url).download(asked.name, asked.folder, asked.withdrawn))
    else:
        provenance = verify(asked.folder, asked.key)
        name = f"{provenance['release']['name']} {provenance['release']['version']}"
        if asked.command == "hub":
            _hub(Path(asked.folder), Path(asked.out))
        elif asked.command == "mlflow":
            _mlflow(asked.folder, name, provenance)
        print(f"{name}: proven, from {provenance['run']}")


def _hub(folder, out):
    """Hubs show README.md; everything else keeps its name, so that the folder can still be verified against the release."""
    shutil.copytree(folder, out, ignore=shutil.ignore_patterns("bundle.zip", "__pycache__"))
    shutil.copyfile(out / "MODEL_CARD.md", out / "README.md")


def _mlflow(folder, name, provenance):
    try:
        import mlflow
    except ImportError as error:
        raise EngraftError("mlflow is not installed: pip install mlflow.") from error
    with mlflow.start_run(run_name=name):
        mlflow.set_tags({"engraft.run": provenance["run"], "engraft.plan": provenance["plan"], "engraft.checkpoint": provenance["checkpoint"]})
        mlflow.log_artifacts(str(folder), artifact_path="model")


if __name__ == "__main__":
    main()
