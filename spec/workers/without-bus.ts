// A worker that lives on and knows nothing of the bus.
setInterval(() => {}, 1000);

export {};
