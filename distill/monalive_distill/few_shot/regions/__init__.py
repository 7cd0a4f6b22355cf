"""Full-size experts for the crops of eyes and mouth: several photos of a person, moved, chosen from and painted over."""
