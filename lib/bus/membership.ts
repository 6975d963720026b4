/** Something that the bus belongs to, and leaves when it closes. */
export interface Membership {
  /** The bus closes: nobody should find it any more. */
  leaving(): void;
  /** It has let go of all its peers. Resolves when they have been told. */
  left(): Promise<void>;
}
