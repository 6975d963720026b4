import "clusterphone";
