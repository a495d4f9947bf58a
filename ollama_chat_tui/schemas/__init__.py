"""JSON Schemas for answers: written shortly, checked before they are sent, held against what came back."""
