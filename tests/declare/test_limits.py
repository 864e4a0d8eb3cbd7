"""Numbers that nobody means are refused with their reason before anything is planned."""

from pathlib import Path

import pytest
import yaml

from mcas_assets.declare.audit import load_audit
from mcas_assets.declare.mistakes import BadDocument

TINY = Path(__file__).parents[1] / "data" / "tiny.yaml"


@pytest.mark.parametrize(
    ("keys", "value", "most"),
    [
        (("images_per_prompt", "concept"), 10**9, "2,000"),
        (("images_per_prompt", "attribute"), 2001, "2,000"),
        (("batch_size",), 2000, "1,024"),
        (("inference", "permutations"), 10**12, "1,000,000"),
        (("inference", "resamples"), 10**9, "1,000,000"),
        (("comparison", "further"), 10**6, "2,000"),
    ],
)
def test_a_number_that_nobody_means_is_refused_with_the_largest_that_may_be_given(tmp_path, keys, value, most):
    document = yaml.safe_load(TINY.read_text())
    place = document
    for key in keys[:-1]:
        place = place.setdefault(key, {})
    place[keys[-1]] = value
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(document))
    with pytest.raises(BadDocument, match=rf"{keys[-1]}.*is {value:,}, above {most}.*Give at most {most}: "):
        load_audit(path)


def test_the_largest_numbers_may_be_given(tmp_path):
    document = yaml.safe_load(TINY.read_text())
    document["images_per_prompt"] = dict.fromkeys(("concept", "attribute", "neutral"), 2000)
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(document))
    assert load_audit(tmp_path / "tiny.yaml").images_per_prompt.concept == 2000
