"""Prints what fetching and converting cost: ``python -m tests.datasets.figures [--mib 2048] [--clips 1000]``.

A download of so many mebibytes from a local server that imitates Google Drive, against curl's to the same folder, three
times each by turns; the same killed ten times at random; and so many of upstream's clips converted by the command, and
brought back.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import List

import torch

from hot.datasets.config import FetchConfig
from hot.datasets.transfer import download
from hot.hands import load_hand
from hot.motions import load_motions, load_upstream, save_upstream
from hot.progress import silent
from tests.datasets.drive import in_own_process
from tests.datasets.trees import write_clip

_DOWNLOAD = "import sys; from tests.datasets.figures import fetch_once; fetch_once(*sys.argv[1:])"
_ROUNDS, _KILLS = 3, 10


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--mib", type=int, default=2048, help="0: no download")
    parser.add_argument("--clips", type=int, default=1000)
    parser.add_argument("--folder", type=Path, default=None, help="on the disk to measure")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        print(f"conversion: {json.dumps(measure_conversion(Path(folder), args.clips))}", flush=True)
        if not args.mib:
            return
        print(f"download: {json.dumps(measure_download(Path(folder), args.mib))}", flush=True)


def fetch_once(link: str, path: str) -> None:
    """One download, in a process of its own; its seconds are without those of starting Python, as a result line."""
    begun = time.perf_counter()
    arrival = download(link, Path(path), FetchConfig(), silent)
    print(json.dumps({"seconds": time.perf_counter() - begun, "sha256": arrival.sha256}), flush=True)


def measure_download(folder: Path, mib: int) -> dict:
    """Seconds of ours and curl's, and the digest after kills."""
    source, target = folder / "source", folder / "target"
    digest = _random_file(source, mib)
    ours: List[float] = []
    curls: List[float] = []
    with in_own_process(source) as link:
        confirmed = link.replace("/uc?", "/download?confirm=t&")
        for _ in range(_ROUNDS):
            begun = time.perf_counter()
            subprocess.run(["curl", "-sS", "-o", str(target), confirmed], check=True)
            curls.append(time.perf_counter() - begun)
            _forget(target)
            result = json.loads(subprocess.run(_command(link, target), check=True, capture_output=True).stdout)
            assert result["sha256"] == digest
            ours.append(result["seconds"])
            _forget(target)
        kills, right = _killed(link, target, digest, statistics.median(ours))
    ratio = statistics.median(curls) / statistics.median(ours)
    return {
        "mib": mib,
        "ours_s": ours,
        "curl_s": curls,
        "of_curl": ratio,
        "kills": kills,
        "hash_right": right,
        "load": os.getloadavg(),
    }


def _killed(link: str, target: Path, digest: str, seconds: float) -> tuple:
    """Kill a download at random moments while bytes come, then let it end; how often, and whether all was right."""
    part, draws, kills = target.with_name("target.part"), random.Random(1), 0
    while kills < _KILLS:
        process = subprocess.Popen(_command(link, target), stdout=subprocess.PIPE)
        before = part.stat().st_size if part.exists() else 0
        while process.poll() is None and (not part.exists() or part.stat().st_size <= before):
            time.sleep(0.005)
        time.sleep(draws.uniform(0, seconds / _KILLS / 2))
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
        process.communicate()
        if target.exists():  # done before it could be killed
            break
    result = subprocess.run(_command(link, target), check=True, capture_output=True)
    with target.open("rb") as file:
        return kills, _digest_of(file) == digest == json.loads(result.stdout)["sha256"]


def measure_conversion(folder: Path, clips: int) -> dict:
    """What the command takes to check and convert all that is there, and the largest difference of a round trip."""
    hand, kept = load_hand("mano"), folder / "tree/dexgrasp_train_mano/bottle/grasp_higher_kp"
    for number in range(clips):
        write_clip(kept / f"001_bottle_0_{number % 20}-{number}.pt", hand, frames=220, seed=number)
    command = [sys.executable, "-m", "hotcli", "data", "fetch", "--out", str(folder / "data"), "--from"]
    subprocess.run([*command, str(folder / "tree")], check=True, capture_output=True)
    begun, used = time.perf_counter(), _children_cpu_s()
    subprocess.run([*command, str(folder / "tree"), "--convert"], check=True, capture_output=True)
    seconds, cpu_s = time.perf_counter() - begun, _children_cpu_s() - used
    ours = load_motions(folder / "data/converted/dexgrasp_train_mano/bottle/grasp.safetensors", hand)
    worst = 0.0
    for old, new in zip(sorted(kept.glob("*.pt"), key=_sample), save_upstream(folder / "back", ours, raised=True)):
        before, after = torch.load(old, weights_only=True), torch.load(new, weights_only=True)
        worst = max(worst, *(float((before[key] - after[key]).abs().max()) for key in before))
    direct = load_upstream(folder / "data/motions/dexgrasp_train_mano/bottle", hand, ("grasp",))
    same = all(torch.equal(getattr(direct, n), getattr(ours, n)) for n in ("joint_pos", "key_pos_w", "object_quat_w"))
    told = {"clips": clips, "command_s": seconds, "cpu_s": cpu_s, "load": os.getloadavg()}
    return {**told, "round_trip_error": worst, "on_the_fly_the_same": same}


def _children_cpu_s() -> float:
    """On a machine that others use too, what counts."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _sample(path: Path) -> int:
    return int(path.stem.rsplit("-", 1)[-1])


def _random_file(path: Path, mib: int) -> str:
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for _ in range(mib):
            block = os.urandom(2**20)
            file.write(block)
            digest.update(block)
    return digest.hexdigest()


def _digest_of(file) -> str:
    digest = hashlib.sha256()
    for block in iter(lambda: file.read(2**20), b""):
        digest.update(block)
    return digest.hexdigest()


def _command(link: str, target: Path) -> List[str]:
    return [sys.executable, "-c", _DOWNLOAD, link, str(target)]


def _forget(target: Path) -> None:
    for path in target.parent.glob("target*"):
        path.unlink()
    shutil.rmtree(target, ignore_errors=True)
    os.sync()


if __name__ == "__main__":
    main()
