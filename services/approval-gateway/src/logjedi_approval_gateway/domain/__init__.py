"""What an approval is and who may decide it: pure, without input or output."""
