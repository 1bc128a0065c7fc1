"""Against a real coordinator: test/release.test.ts starts one, makes a release and names both in the environment."""
import os
import random
import shutil
import subprocess
import sys

import pytest

from engraft import Client, EngraftError, NotProven, verify

URL, RUN, KEY = (os.environ[name] for name in ("ENGRAFT_URL", "ENGRAFT_RUN", "ENGRAFT_KEY"))


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return Client(URL).download(RUN, tmp_path_factory.mktemp("release") / "files")


def test_lists_the_release_under_its_name():
    found = next(one for one in Client(URL).releases() if one["run"] == RUN)
    released = found["released"]
    assert Client(URL).release(f"{released['name']} {released['version']}")["run"] == RUN
    with pytest.raises(EngraftError, match="There is no model"):
        Client(URL).release("nothing")


def test_goes_on_where_a_download_was_cut_off(folder, tmp_path):
    copy = tmp_path / "files"
    shutil.copytree(folder, copy)
    model = (copy / "model.safetensors").read_bytes()
    (copy / "model.safetensors").unlink()
    (copy / "model.safetensors.part").write_bytes(model[: len(model) // 2])
    # What was kept of another file is thrown away.
    (copy / "plan.json").unlink()
    (copy / "plan.json.part").write_bytes(b"something else")
    Client(URL).download(RUN, copy)
    assert (copy / "model.safetensors").read_bytes() == model
    verify(copy, KEY)
    assert not list(copy.glob("*.part"))


def test_is_proven_under_the_coordinators_key_alone(folder):
    assert verify(folder, KEY)["run"] == RUN
    with pytest.raises(NotProven, match="not signed by this key"):
        verify(folder, "A" * 42 + "E")


def test_names_the_file_of_every_changed_byte(folder, tmp_path):
    copy = tmp_path / "files"
    shutil.copytree(folder, copy)
    chance = random.Random(int(os.environ.get("ENGRAFT_SEED", "1")))
    files = sorted(path for path in copy.rglob("*") if path.is_file())
    for _ in range(25):
        path = chance.choice(files)
        whole = bytearray(path.read_bytes())
        at = chance.randrange(len(whole))
        changed = bytearray(whole)
        changed[at] ^= 1 << chance.randrange(8)
        path.write_bytes(changed)
        if path.name == "provenance.dsse.json":
            # Spaces between values can change without changing what is signed; everything else is found.
            try:
                verify(copy, KEY)
            except NotProven as error:
                assert path.name in str(error)
        else:
            with pytest.raises(NotProven, match=path.name):
                verify(copy, KEY)
        path.write_bytes(whole)
    (copy / "more.txt").write_text("not of the release")
    with pytest.raises(NotProven, match="more.txt was not signed"):
        verify(copy, KEY)


def test_a_wrong_token_is_answered_in_words():
    with pytest.raises(EngraftError, match="."):
        Client(URL, token="wrong").releases()


def test_loads_with_onnxruntime(folder):
    pytest.importorskip("onnxruntime")
    from engraft import load

    model = load(folder, KEY, "onnx")
    assert model.network is not None


def test_lays_it_out_for_a_hub(folder, tmp_path):
    out = tmp_path / "hub"
    subprocess.run([sys.executable, "-m", "engraft", "hub", str(folder), str(out), "--key", KEY], check=True)
    assert (out / "README.md").read_text("utf-8").startswith("---\n")
