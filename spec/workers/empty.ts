// A child that does nothing.
export {};
