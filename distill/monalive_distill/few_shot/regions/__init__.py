"""Full-size experts for the crops of eyes and mouth: photos of a person are moved, chosen from and painted over."""
