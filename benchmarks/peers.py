"""Packages of others, timed in environments of their own, since theirs and ours do not resolve together."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np

CHILD_SECONDS = 900
WEFE_CHILD = """
import json, sys, time, warnings
import numpy as np
warnings.simplefilter("ignore")
from gensim.models import KeyedVectors
from wefe.metrics import WEAT
from wefe.query import Query
from wefe.word_embedding_model import WordEmbeddingModel
sets, iterations = np.load(sys.argv[1]), int(sys.argv[2])
names = {k: [f"{k}{i}" for i in range(len(sets[k]))] for k in "xyab"}
vectors = KeyedVectors(vector_size=sets["x"].shape[1])
for k in "xyab":
    vectors.add_vectors(names[k], sets[k].astype(np.float32))
model = WordEmbeddingModel(vectors, "bench")
query = Query([names["x"], names["y"]], [names["a"], names["b"]], ["x", "y"], ["a", "b"])
weat = WEAT()
weat.run_query(query, model)
start = time.perf_counter()
weat.run_query(query, model, calculate_p_value=True, p_value_iterations=iterations)
print(json.dumps({"p_value": time.perf_counter() - start}))
"""
ARCH_CHILD = """
import json, sys, time
import numpy as np
from arch.bootstrap import IIDBootstrap
from bench_inference import audit_of
from mcas_assets.scoring.mcas.concept_bootstrap import bootstrap_concepts
sets, few, full = np.load(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
x = sets["x"]
audit = audit_of(x, is_by_prompt=False)
timed = []
for _ in range(4):
    start = time.perf_counter()
    IIDBootstrap(x.T, seed=1).conf_int(np.mean, few, method="percentile")
    theirs = (time.perf_counter() - start) * full / few
    start = time.perf_counter()
    bootstrap_concepts(audit, resamples=full, method="percentile")
    timed.append([theirs, time.perf_counter() - start])
print(json.dumps(timed[1:]))
"""


def child(
    code: str, arguments: list[str], requirements: list[str], arrays: dict[str, np.ndarray]
) -> dict | list | None:
    """Run code in an environment with more packages; None, and a message, where they cannot be had."""
    with tempfile.TemporaryDirectory() as folder:
        script, data = Path(folder) / "child.py", Path(folder) / "sets.npz"
        script.write_text(code)
        np.savez(data, **arrays)
        command = ["uv", "run", *requirements, "python", str(script), str(data), *arguments]
        try:
            beside = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=CHILD_SECONDS, check=False, env=beside
            )
        except (FileNotFoundError, subprocess.TimeoutExpired) as error:
            print(f"  left out: {error}")
            return None
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        print(f"  left out, its environment did not run: {last[0]}")
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])
