"""The numerics of the audit: arrays in, numbers with their uncertainty out. No files, no database, no torch.

What is here by name is the public interface; the modules say how, and from which source.
"""

from mcas_assets.scoring.agreement import PanelAgreement, panel_agreement
from mcas_assets.scoring.amplification import (
    Amplification,
    DirectionalAmplification,
    amplification,
    directional_amplification,
)
from mcas_assets.scoring.arrays import Statistic
from mcas_assets.scoring.association import (
    COMPONENTS,
    ComponentScores,
    association,
    component_scores,
    effect_size,
    unit,
)
from mcas_assets.scoring.bootstrap import bootstrap_interval, effect_size_interval, one_way_variance, two_way_variance
from mcas_assets.scoring.comparison import Comparison, compare_components, compare_concepts, paired_difference
from mcas_assets.scoring.concept_bootstrap import COLUMNS, ConceptIntervals, bootstrap_concepts
from mcas_assets.scoring.concept_tests import ConceptTests, concept_tests
from mcas_assets.scoring.divergence import Divergence, divergence
from mcas_assets.scoring.intervals import Interval
from mcas_assets.scoring.label_error import CorrectedShares, corrected_shares
from mcas_assets.scoring.multiplicity import benjamini_hochberg
from mcas_assets.scoring.permutation import (
    PermutationTest,
    PermutationTests,
    permutation_test,
    permutation_test_values,
    permutation_tests,
)
from mcas_assets.scoring.power import Spread, change_error, images_needed, minimum_detectable
from mcas_assets.scoring.refusals import Decided, RefusalDisparity, RefusalRate, refusal_disparity, refusal_rate
from mcas_assets.scoring.representation import (
    ABSTAIN,
    GroupLabels,
    GroupShare,
    Representation,
    group_labels,
    missing_bounds,
    representation,
    wilson_interval,
)
from mcas_assets.scoring.sign_flips import sign_flip_test, sign_flip_tests
from mcas_assets.scoring.skin_tone import MONK_HEX, UNREADABLE, Tones, monk_tone_of_pixels, monk_tones, srgb_to_lab
from mcas_assets.scoring.vectors import AuditVectors

__all__ = [
    "ABSTAIN",
    "COLUMNS",
    "COMPONENTS",
    "MONK_HEX",
    "UNREADABLE",
    "Amplification",
    "AuditVectors",
    "Comparison",
    "ComponentScores",
    "ConceptIntervals",
    "ConceptTests",
    "CorrectedShares",
    "Decided",
    "DirectionalAmplification",
    "Divergence",
    "GroupLabels",
    "GroupShare",
    "Interval",
    "PanelAgreement",
    "PermutationTest",
    "PermutationTests",
    "RefusalDisparity",
    "RefusalRate",
    "Representation",
    "Spread",
    "Statistic",
    "Tones",
    "amplification",
    "association",
    "benjamini_hochberg",
    "bootstrap_concepts",
    "bootstrap_interval",
    "change_error",
    "compare_components",
    "compare_concepts",
    "component_scores",
    "concept_tests",
    "corrected_shares",
    "directional_amplification",
    "divergence",
    "effect_size",
    "effect_size_interval",
    "group_labels",
    "images_needed",
    "minimum_detectable",
    "missing_bounds",
    "monk_tone_of_pixels",
    "monk_tones",
    "one_way_variance",
    "paired_difference",
    "panel_agreement",
    "permutation_test",
    "permutation_test_values",
    "permutation_tests",
    "refusal_disparity",
    "refusal_rate",
    "representation",
    "sign_flip_test",
    "sign_flip_tests",
    "srgb_to_lab",
    "two_way_variance",
    "unit",
    "wilson_interval",
]
