"""A judge whose errors are known, on the harder phantom: they are measured, and the shares without them hold the truth."""

import base64
import io
import json
import ssl
import zlib
from functools import cache

import numpy as np
import polars as pl
import pytest
from PIL import Image

from mcas_assets.calibrate.harder import BETWEEN, ERRS
from mcas_assets.core.errors import BadInput
from mcas_assets.declare.audit import Audit, load_audit, targets_of
from mcas_assets.labellers.hosted_judge import Declaration, HostedJudge
from mcas_assets.measure.confusion import Labels, confusion
from mcas_assets.measure.labels import ANSWERS_AT_ONCE, looked
from mcas_assets.measure.shares import shares
from mcas_assets.phantom.harder import picture, shown
from mcas_assets.store import files
from mcas_assets.store.database import Store
from tests.systems.hosted.providers import Provider, Reply

RATES = np.array([*ERRS["gender"], BETWEEN])
"""Row = man, woman, a figure between the two; column = what the judge answers: man, woman, that it cannot be told."""
POLES = ("a", "b")
ABOUT = {"axis": "gender"}


def truth(prompt: str, seed: int) -> int:
    """0 and 1 for man and woman, 2 for a figure between the two."""
    what = shown(prompt, seed)
    return 2 if what.is_ambiguous else int(what.woman)


def errs(rows: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """What the judge answers of figures, by the part of its answers that each draw from [0, 1) falls into."""
    return (RATES[rows].cumsum(axis=1) <= draws[:, None]).sum(axis=1)


def small(*concepts: str) -> Audit:
    """The audit of the harder phantom, with some of its concepts."""
    audit = load_audit("phantom-harder")
    kept = tuple(one for one in audit.concepts if one.concept in concepts)
    return audit.model_copy(update={"concepts": kept, "axes": {"gender": audit.axes["gender"]}})


def rows_of(audit: Audit, first_seed: int, images: int) -> pl.DataFrame:
    """Rows as of `images`: so many of each concept, and of each pole. The sha256 are the prompt and the seed."""
    axis = audit.axes["gender"]
    asked: list[tuple] = [("attribute", pole, None, prompt) for pole in POLES for prompt in axis.pole(pole).prompts]
    asked += [("concept", None, one.concept, one.prompt) for one in audit.concepts]
    rows = [
        {
            "system_version": "harder@1", "prompt_id": prompt, "role": role, "axis": "gender" if pole else None, "pole": pole,
            "concept": concept, "outcome": "ok", "prompt": prompt, "seed": seed, "sha256": f"{prompt}|{seed}",
        }
        for role, pole, concept, prompt in asked for seed in range(first_seed, first_seed + images // (2 if pole else 1))
    ]  # fmt: skip
    return pl.DataFrame(rows, infer_schema_length=None)


@pytest.fixture
def judge(monkeypatch):
    """The judge, its server, and by the digest of what a picture shows its truth and what was answered."""
    known: dict[int, int] = {}
    said: dict[int, int] = {}

    def speak(path: str, body: dict) -> Reply:
        url = body["messages"][0]["content"][1]["image_url"]["url"]
        pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))).tobytes()
        number = zlib.crc32(pixels)
        said[number] = int(errs(np.array([known[number]]), np.random.default_rng(number).random(1))[0])
        text = json.dumps({"evidence": "the shape", "answer": ("man", "woman", "it cannot be told")[said[number]]})
        return Reply({"choices": [{"message": {"content": text}}]})

    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(ssl, "create_default_context", cache(ssl.create_default_context))
    server = Provider(speak)
    entry = {"kind": "hosted_judge", "model": "j", "base_url": server.url, "key": None, "retry": {"attempts": 1}}
    yield HostedJudge("judge", Declaration.model_validate(entry)), server, known, said
    server.stop()


def test_what_is_measured_of_a_judge_is_how_it_errs_and_no_answer_is_lost_or_paid_for_twice(judge, tmp_path):
    labeller, server, known, said = judge
    audit, store = small("nurse"), Store(tmp_path)
    images, numbers, kept = rows_of(audit, 0, 40), {}, []
    with store.open():
        pass
    for prompt, seed in images.select("prompt", "seed").iter_rows():
        pixels, held = picture(prompt, seed), io.BytesIO()
        Image.fromarray(pixels).save(held, "PNG")
        sha, path = files.write_image(tmp_path, held.getvalue(), ".png")
        numbers[sha] = zlib.crc32(pixels.tobytes())
        known[numbers[sha]] = truth(prompt, seed)
        kept.append({"sha256": sha, "path": path})
    images = images.with_columns(**pl.DataFrame(kept).to_dict())
    of = ("gender", audit.axes["gender"])

    server.script = lambda body: (
        Reply({"error": {"message": "no more"}}, status=401) if len(server.asked) > 50 else None
    )
    with pytest.raises(BadInput, match="auth: HTTP 401: no more"):
        looked(store, images, labeller, of)
    with store.open() as con:
        (n_kept,) = con.execute("select count(*) from label_facts where evidence = 'the shape'").fetchall()[0]
    assert n_kept == 50 // ANSWERS_AT_ONCE * ANSWERS_AT_ONCE
    server.script, asked = lambda body: None, len(server.asked)
    labeller.most_images = images["sha256"].n_unique() - 1
    with pytest.raises(BadInput, match=rf"may be asked about .*; {n_kept} are answered"):
        looked(store, images, labeller, of)
    assert len(server.asked) == asked
    labeller.most_images += 1
    labels = looked(store, images, labeller, of)
    n_files = images["sha256"].n_unique()
    assert len(server.asked) - asked == n_files - n_kept
    assert looked(store, images, labeller, of).of == labels.of
    assert len(server.asked) - asked == n_files - n_kept
    assert labels.of == {sha: (0, 1, "unspecified")[said[numbers[sha]]] for sha in images["sha256"]}
    table = confusion(of[1], "gender", images, labels)
    of_poles = [images.filter(pole=pole)["sha256"] for pole in POLES]
    expected = [np.bincount([said[numbers[sha]] for sha in shown_], minlength=3) for shown_ in of_poles]
    np.testing.assert_array_equal(table, expected)
    assert (table[:, 2] > 0).all()


def test_shares_without_a_judges_errors_hold_the_truth_at_their_rate_and_as_it_answered_they_do_not():
    """Of 200 audits with 32 images a concept, by a judge that errs and abstains by group; prompts are obeyed in 95 %.

    Each concept lies within three standard errors of the nominal 95 %.
    """
    audit, n_audits = small("nurse", "ceo", "pilot"), 200
    axis, targets = audit.axes["gender"], targets_of(audit)[: len(audit.concepts)]
    everybody = {one: np.array([truth(prompt, 10**9 + seed) for seed in range(3000)]) for _, one, prompt in targets}
    share = {concept: (who == 1).sum() / (who < 2).sum() for concept, who in everybody.items()}
    held, held_as_answered = np.zeros((n_audits, len(targets))), np.zeros((n_audits, len(targets)))
    for audit_number in range(n_audits):
        images = rows_of(audit, 1000 * audit_number, 32)
        figures = np.array([truth(prompt, seed) for prompt, seed in images.select("prompt", "seed").iter_rows()])
        answers = errs(figures, np.random.default_rng(audit_number).random(len(figures)))
        said = {sha: (0, 1, "unspecified")[one] for sha, one in zip(images["sha256"], answers, strict=True)}
        rows = shares(ABOUT, axis, targets, images, Labels("judge", None, said), 0.95)
        for place, row in enumerate(one for one in rows if one["group_name"] == "woman"):
            true = share[row["concept"]]
            held[audit_number, place] = row["corrected_low"] <= true <= row["corrected_high"]
            held_as_answered[audit_number, place] = row["share_low"] <= true <= row["share_high"]
    assert held.mean(axis=0).min() > 0.95 - 3 * (0.95 * 0.05 / n_audits) ** 0.5
    assert held_as_answered.mean() < 0.75
