"""The cellar: who acts, what is due, what happened, what is secret. Knows nothing of the business."""
