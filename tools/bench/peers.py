"""Other tools that do parts of the work: their environments and how they are run."""
import hashlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import measure

ADDRESS_SPACE = 14 * 10**9  # bytes
SECONDS = 300
REQUIREMENTS = {"tf": "requirements.txt", "torch": "requirements-torch.txt"}


@dataclass
class Peer:
    """A script for a peer, and the case of ours that does the same work."""
    name: str
    environment: str
    command: list
    counterpart: str
    output: Path | None = None


def peers(models, work, here):
    def script(name, *arguments):
        return [str(here / f"peer_{name}.py"), *map(str, arguments)]

    onnx = work / "peer.onnx"
    return [
        Peer("tf2onnx, ResNet50 (Keras 2), convert", "tf",
             script("tf2onnx", models / "k2/ResNet50.h5", onnx), "ResNet50, convert", onnx),
        Peer("torch-pruning by L1 + torch export, ResNet50", "torch",
             script("torch_pruning", "resnet50", onnx), "ResNet50, `--prune 0.5` by paper", onnx),
        Peer("torch-pruning by L1 + torch export, VGG16", "torch",
             script("torch_pruning", "vgg16", onnx), "VGG16, `--prune 0.5` by paper", onnx),
        Peer("numpy + scipy, centrality of all layers, VGG16", "tf",
             script("scipy", models / "k3/VGG16.h5"), "VGG16, `--prune 0.5` by paper"),
    ]


def versions():
    """What the requirements files pin, as `name==version`."""
    here = Path(__file__).resolve().parent
    return [line for name in REQUIREMENTS.values() for line in (here / name).read_text().split()]


def installed(directory):
    """Make the virtual environments that aren't there yet; name -> (python or None, reason)."""
    result = {}
    for name, requirements in REQUIREMENTS.items():
        path = Path(__file__).resolve().parent / requirements
        wanted = hashlib.sha256(path.read_bytes()).hexdigest()
        stamp = directory / name / "requirements.sha256"
        python = directory / name / "bin/python"
        if stamp.exists() and stamp.read_text() == wanted:
            result[name] = (python, "")
            continue
        print(f"installing {requirements} into {directory / name} (some minutes)", file=sys.stderr)
        reason = ""
        for command in ([sys.executable, "-m", "venv", "--clear", str(directory / name)],
                        [str(python), "-m", "pip", "install", "-q", "-r", str(path)]):
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True)
            if done.returncode != 0:
                errors = [line for line in done.stdout.splitlines() if "ERROR" in line]
                reason = f"not installable: {(errors or ['no reason given'])[-1][:160]}"
                break
        if reason:
            result[name] = (None, reason)
        else:
            stamp.write_text(wanted)
            result[name] = (python, "")
    return result


def measured(peer, environments):
    """One run of a peer, or None and the reason why there is none."""
    python, reason = environments[peer.environment]
    if python is None:
        return None, reason
    run = measure.run([str(python), *peer.command], address_space=ADDRESS_SPACE, seconds=SECONDS)
    if peer.output:
        for left in peer.output.parent.glob(peer.output.name + "*"):
            left.unlink()
    return (None, run.failure) if run.failure else (run, "")
