"""What came of each image that an audit asks a system version for: drawn as planned, or matched with a set that is given."""

import polars as pl

from mcas_assets.core.outcomes import OUTCOMES
from mcas_assets.images import generate, keep_given, match_given
from mcas_assets.measure import marks
from mcas_assets.quality.expectations import among, between, equal, matching, present
from mcas_assets.quality.files import image_frame, import_frame
from mcas_assets.quality.looks import looks
from mcas_assets.stages import reads
from mcas_assets.stages.audit.plan import REQUEST
from mcas_assets.stages.contract import Checked, Made, Stage, Table, Work
from mcas_assets.store.checked import image_rows
from mcas_assets.store.schema import frame_schema
from mcas_assets.systems.protocol import is_given


def _make(work: Work) -> Made:
    workplace, version, audit = work.workplace, work.system_version, work.audit
    (planned,) = work.read("plan")
    system = workplace.system_of(version)
    account = pl.DataFrame(schema=frame_schema("import_account"))
    try:
        if is_given(system):
            matched = match_given.match(audit, planned, system, version)
            made = keep_given.take(workplace.store, matched, system, version, workplace.progress, work.run_id)
            table = keep_given.image_table(workplace.store, matched, audit.audit, version)
            account = match_given.account_table(matched, table)
        else:
            wanted = generate.requests(planned.drop("audit"), version, system.size())
            made = generate.generate(workplace.store, wanted, system, version, workplace.progress, work.run_id)
            table = generate.image_table(workplace.store, wanted, audit.audit, version)
    finally:
        system.close()
    if workplace.mark_reader is not None:
        marks.read_marks(workplace.store, table, workplace.mark_reader)
    outcomes = dict(table["outcome"].value_counts().sort("outcome").iter_rows())
    tables = {"images": table, "import_account": account}
    return Made(tables, generate.images_digest(table), {"generated": made, **outcomes})


def _stored(checked: Checked) -> pl.DataFrame:
    if checked.version is None:
        raise ValueError("images are checked once they are recorded")
    with checked.work.workplace.store.open() as con:
        return image_rows(con, checked.version)


def _wanted(checked: Checked) -> pl.DataFrame:
    """Rows of the plan, or what takes their place where images are given."""
    plan, account = checked.work.read("plan", "import_account")
    return plan if account.is_empty() else match_given.expected(account)


def _image_frame(checked: Checked) -> pl.DataFrame:
    images = _stored(checked)
    return image_frame(
        _wanted(checked), images, looks(checked.work.workplace.store, images["path"].drop_nulls().unique())
    )


def _import_frame(checked: Checked) -> pl.DataFrame:
    (planned,) = checked.work.read("plan")
    return import_frame(checked.rows, _stored(checked), planned)


IMAGES = Table(
    "images",
    key=REQUEST,
    frame=_image_frame,
    expected_rows=lambda checked: len(_wanted(checked)),
    rules={
        "every planned request has an image row": present("image_id"),
        "outcome is known": among("outcome", OUTCOMES),
        "without image there is a reason": present(
            "reason", where=lambda column: column("image_id").is_not_null() & (column("outcome") != "ok")
        ),
        "image has a file": among("file_exists", (True,), where=lambda column: column("outcome") == "ok"),
        "file has the stated digest": among("digest_agrees", (True,), where=lambda column: column("has_file") == 1),
        "file is an image": among("decodable", (True,), where=lambda column: column("has_file") == 1),
        "image has the stated size": equal("decoded_size", "size"),
        "imported and generated images never share a version": among("is_mixed", (False,)),
    },
    hints={
        "nine in ten requests gave an image": among("outcome", ("ok",), mostly=0.9),
        "images of one prompt differ": among("is_alike", (False,)),
    },
)
IMPORT_ACCOUNT = Table(
    "import_account",
    key=("set_prompt", "match", "prompt_id", "role", "axis", "pole", "concept", "detail"),
    frame=_import_frame,
    may_be_empty=True,  # a system that draws has nothing to account for
    rules={
        "every use of a prompt matched or is lacking": among("match_or_missing", match_given.MATCHES),
        "a match names its prompt": matching("prompt_id_or_missing", r"^[0-9a-f]{16}$"),
        "every record that counts is an image row": equal("n_images", "n_use"),
        "every record has an outcome": equal("n_outcomes", "n_records"),
        "what is lacking has no record": between("n_lacking", 0, 0),
        "without a match there is a detail": present("detail", where=lambda column: column("n_images").is_null()),
    },
    hints={"the set has every prompt of the audit": among("is_lacking", (False,))},
)

STAGE = Stage(
    name="images",
    description="What came of each requested image, one row each, whatever came of it. The files are facts, kept by digest.",
    reads=("plan",),
    tables=(IMAGES, IMPORT_ACCOUNT),
    make=_make,
    code_version="2",
    declares=reads.nothing,
    kinds=frozenset({"diffusers", "duckdb"}),
    draws=True,
)
