import "birpc";
