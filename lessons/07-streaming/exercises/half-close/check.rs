mod exercise; fn main(){}
