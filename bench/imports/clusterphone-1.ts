import "clusterphone-1.0.1";
