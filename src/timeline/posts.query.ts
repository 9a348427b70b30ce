/** The SQL of posts. */

/** A post as it is read for others: its timestamp is text. */
export interface ListedPost {
  /** In decimal. */
  readonly id: string;
  readonly authorId: string;
  readonly username: string;
  readonly text: string;
  readonly createdAt: string;
}
