"""The Multimodal Composite Association Score: components, effect sizes, intervals over concepts, tests and the panel."""
