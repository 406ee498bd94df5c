mod exercise;
