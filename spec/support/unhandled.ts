// Mocha lets a rejection pass that nobody handles. Here it fails the test that runs, as it would end a process.
process.on("unhandledRejection", (reason) => {
  throw reason;
});
