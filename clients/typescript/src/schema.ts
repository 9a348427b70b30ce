/** Made from openapi.json by npm run client. */
export interface paths {
  '/api/v1/auth/register': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Creates an account, and mails a link and a code to confirm its address.
     * @description Open to everybody.
     */
    post: operations['register'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/auth/login': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Starts a session, by e-mail or by username.
     * @description Open to everybody.
     */
    post: operations['login'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/auth/login/second-factor': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * The second step of a login that was answered `mfa_required`.
     * @description Open to everybody.
     */
    post: operations['completeLogin'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/auth/login/passkey/options': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * The options for `navigator.credentials.get()`.
     * @description The answer is for `POST /auth/login/passkey`, or the `passkey` of `POST /auth/login/second-factor` and `POST /auth/step-up`.
     *
     *     Open to everybody.
     */
    post: operations['beginPasskeyLogin'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/auth/login/passkey': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Starts a session by a passkey alone: no password, no second step.
     * @description Open to everybody.
     */
    post: operations['completePasskeyLogin'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/auth/login/email': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Mails a code and a link to log in with, if an account has the address; the answer is the same if not.
     * @description Only where `EMAIL_LOGIN` is on. An address gets one mail a minute; until then the `login_request` of the earlier answer is the one to keep.
     *
     *     Open to everybody.
     */
    post: operations['beginEmailLogin'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/auth/login/email/complete': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Starts a session by the code or the token of the mail, in the browser that asked for it.
     * @description Open to everybody.
     */
    post: operations['completeEmailLogin'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/auth/refresh': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Exchanges a refresh token for the next one and a new access token.
     * @description The body is left out in cookie mode. A retry of a lost reply, and any number of parallel requests, get the same refresh token. A token that another
     *     party has used since ends the session.
     *
     *     Open to everybody.
     */
    post: operations['refreshTokens'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/auth/logout': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Ends sessions at once: with a bearer token by scope, or without one the session of a refresh token.
     * @description Open to everybody; a bearer token is checked when there is one.
     */
    post: operations['logout'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/auth/me': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * The account of the access token; the same as `GET /users/me`.
     * @description Needs an access token.
     */
    get: operations['getOwnAccount'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/auth/sessions': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * The caller's live sessions, the one used last first.
     * @description Needs an access token.
     */
    get: operations['listSessions'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/auth/sessions/{session_id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post?: never;
    /**
     * Ends one of the caller's sessions at once.
     * @description Needs an access token.
     */
    delete: operations['endSession'];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/auth/tokens': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * The caller's personal access tokens that have not ended, the newest first.
     * @description Needs an access token.
     */
    get: operations['listTokens'];
    put?: never;
    /**
     * Makes a personal access token for a script or a service. Only this answer has it: store it now.
     * @description A person has at most 50. Its owner is told by mail. A reset of the password, a ban and a deletion end all of them; a change of the
     *     password and a logout do not. Scopes that begin with `admin:` are for admins.
     *
     *     Needs an access token.
     */
    post: operations['createToken'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/auth/tokens/{id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post?: never;
    /**
     * Revokes one of the caller's tokens at once.
     * @description Needs an access token.
     */
    delete: operations['revokeToken'];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/auth/password': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    /**
     * Changes the caller's password and ends all of their other sessions at once; the one that asks lives on.
     * @description Needs an access token.
     */
    put: operations['changePassword'];
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/auth/password/forgot': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Mails a link to choose a new password, if an account has the address; the answer is the same if not.
     * @description Open to everybody.
     */
    post: operations['forgotPassword'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/auth/password/reset': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Sets a new password by the token of that mail, or accepts an invitation; ends all sessions of the account at once, and tells its owner.
     * @description Open to everybody.
     */
    post: operations['resetPassword'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/auth/email/confirm': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Confirms an address by what was mailed there: the token of the link, or the address and the code. The token of a
     *     change of address makes it the account's.
     * @description Open to everybody.
     */
    post: operations['confirmEmail'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/auth/email/undo': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Undoes a change of address by what was mailed to the old one, and sets a new password; ends all sessions of the
     *     account at once.
     * @description Open to everybody.
     */
    post: operations['undoEmailChange'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/auth/email/resend': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Mails the confirmation again, if the address waits for one; the answer is the same if not.
     * @description Open to everybody.
     */
    post: operations['resendConfirmation'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/auth/step-up': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Proves again who the caller is, for ten minutes and this session.
     * @description Sensitive routes answer 403 `step_up_required` when the last proof, or the login, is older than that; its `proofs`
     *     name the fields of which one will do.
     *
     *     Needs an access token.
     */
    post: operations['stepUp'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/auth/second-factors': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * The second factors of the caller's account.
     * @description Needs an access token.
     */
    get: operations['getSecondFactors'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/auth/second-factors/recovery-codes': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Ten new recovery codes; those given before are void.
     * @description Needs an access token.
     */
    post: operations['renewRecoveryCodes'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/auth/second-factors/totp': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Begins to set up an authenticator app: shows its secret, which a code has to confirm within ten minutes.
     * @description Needs an access token.
     */
    post: operations['beginTotp'];
    /**
     * Removes the authenticator app. Without another second factor, the recovery codes end, too.
     * @description Needs an access token.
     */
    delete: operations['removeTotp'];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/auth/second-factors/totp/confirm': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Confirms the app by a code, in the session that began. From then on a login asks for a code.
     * @description Needs an access token.
     */
    post: operations['confirmTotp'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/auth/passkeys': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * The caller's passkeys, the oldest first.
     * @description Needs an access token.
     */
    get: operations['listPasskeys'];
    put?: never;
    /**
     * Keeps a new passkey, and tells the owner by mail.
     * @description Needs an access token.
     */
    post: operations['createPasskey'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/auth/passkeys/{passkey_id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post?: never;
    /**
     * Removes a passkey at once. The device may still offer it, and is refused.
     * @description Needs an access token.
     */
    delete: operations['removePasskey'];
    options?: never;
    head?: never;
    /**
     * Renames a passkey.
     * @description Needs an access token.
     */
    patch: operations['renamePasskey'];
    trace?: never;
  };
  '/api/v1/auth/passkey-options': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * The options of a new passkey, for `navigator.credentials.create()`.
     * @description Needs an access token.
     */
    post: operations['beginPasskeyCreation'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/auth/revocations': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * What ended, for services that verify access tokens themselves; bearer SERVICE_TOKEN.
     * @description Every page has a `Link` to the next one, the last one too: it is where the next look begins. After a page of 1,000
     *     entries ask again at once, after a shorter one in a second. Nothing is left out, whatever the order in which
     *     transactions commit; an entry may come more than once.
     *
     *     Needs SERVICE_TOKEN as the bearer token.
     */
    get: operations['listRevocations'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/users/me': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * The caller's account.
     * @description Needs an access token.
     *
     *     A personal access token needs the scope `profile:read`.
     */
    get: operations['getOwnProfile'];
    put?: never;
    post?: never;
    /**
     * Deletes the caller's account: ends all of its sessions at once, and erases everything in it after ACCOUNT_DELETE_DELAY.
     * @description A login before that cancels the deletion. The last admin's account cannot be deleted.
     *
     *     Needs an access token.
     */
    delete: operations['deleteOwnAccount'];
    options?: never;
    head?: never;
    /**
     * Changes what is given of the caller's profile.
     * @description Needs an access token.
     *
     *     A personal access token needs the scope `profile:write`.
     */
    patch: operations['updateOwnProfile'];
    trace?: never;
  };
  '/api/v1/users/me/email': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Asks for another e-mail address: it is the account's when the link that is mailed there is confirmed.
     * @description The old address gets a link that undoes it, before or after that, for 7 days. A newer request ends the older one.
     *
     *     Needs an access token.
     */
    post: operations['changeEmail'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/users/me/activity': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * What happened to the caller's account, the newest first, in keyset pages; the next page is in the `Link` header.
     * @description Needs an access token.
     */
    get: operations['listOwnActivity'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/users/me/export': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Everything of the caller's in one JSON document, streamed; at most ten times an hour.
     * @description When something goes wrong on the way, the connection is cut and the document is left unfinished.
     *
     *     Needs an access token.
     */
    get: operations['exportOwnData'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/users/me/delete': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * The same as `DELETE /users/me`, for clients behind a proxy that drops the body of a DELETE.
     * @description Needs an access token.
     */
    post: operations['deleteOwnAccountByPost'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/tasks': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * The caller's tasks in keyset pages; the next page is in the `Link` header.
     * @description Needs an access token.
     *
     *     A personal access token needs the scope `tasks:read`.
     */
    get: operations['listTasks'];
    put?: never;
    /**
     * Creates a task of the caller's.
     * @description Needs an access token.
     *
     *     A personal access token needs the scope `tasks:write`.
     */
    post: operations['createTask'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/tasks/{task_id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * One of the caller's tasks.
     * @description Needs an access token.
     *
     *     A personal access token needs the scope `tasks:read`.
     */
    get: operations['getTask'];
    /**
     * Changes the fields that are given.
     * @description Needs an access token.
     *
     *     A personal access token needs the scope `tasks:write`.
     */
    put: operations['updateTask'];
    post?: never;
    /**
     * Deletes a task.
     * @description Needs an access token.
     *
     *     A personal access token needs the scope `tasks:write`.
     */
    delete: operations['deleteTask'];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/tasks/{task_id}/complete': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    /**
     * Marks a task as completed or open.
     * @description Needs an access token.
     *
     *     A personal access token needs the scope `tasks:write`.
     */
    patch: operations['completeTask'];
    trace?: never;
  };
  '/api/v1/timeline': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * The newest posts of the people whom the caller follows and has not muted, and their own, in keyset pages; the next
     *     page is in the `Link` header.
     * @description Needs an access token.
     *
     *     A personal access token needs the scope `timeline:read`.
     */
    get: operations['listTimeline'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/timeline/stream': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * New posts of the people the caller follows and their own, as they appear: each once, also across connections when
     *     the id that came last is sent as `Last-Event-ID`.
     * @description Needs an access token.
     *
     *     A personal access token needs the scope `timeline:read`.
     */
    get: operations['streamTimeline'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/posts': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Posts something.
     * @description Needs an access token.
     *
     *     A personal access token needs the scope `posts:write`.
     */
    post: operations['createPost'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/posts/{post_id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * One post.
     * @description Needs an access token.
     *
     *     A personal access token needs the scope `posts:read`.
     */
    get: operations['getPost'];
    put?: never;
    post?: never;
    /**
     * Deletes a post of the caller's; moderators delete anybody's.
     * @description Needs an access token.
     *
     *     A personal access token needs the scope `posts:write`.
     */
    delete: operations['deletePost'];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/users': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Finds people by username and name, in the order of usernames, in keyset pages.
     * @description Needs an access token.
     *
     *     A personal access token needs the scope `people:read`.
     */
    get: operations['searchPeople'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/users/{username}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Somebody, with exact counts; whoever has blocked the caller is not there.
     * @description Needs an access token.
     *
     *     A personal access token needs the scope `people:read`.
     */
    get: operations['getPerson'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/users/{username}/posts': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * What somebody posted, the newest first, in keyset pages.
     * @description Needs an access token.
     *
     *     A personal access token needs the scope `posts:read`.
     */
    get: operations['listPersonPosts'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/users/{username}/followers': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Who follows somebody, the newest first, in keyset pages.
     * @description Needs an access token.
     *
     *     A personal access token needs the scope `people:read`.
     */
    get: operations['listFollowers'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/users/{username}/following': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Whom somebody follows, the newest first, in keyset pages.
     * @description Needs an access token.
     *
     *     A personal access token needs the scope `people:read`.
     */
    get: operations['listFollowing'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/users/{username}/follow': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    /**
     * Follows somebody: from now on their posts are in the caller's timeline. At most 5,000 people.
     * @description Needs an access token.
     *
     *     A personal access token needs the scope `people:write`.
     */
    put: operations['followPerson'];
    post?: never;
    /**
     * Follows somebody no more.
     * @description Needs an access token.
     *
     *     A personal access token needs the scope `people:write`.
     */
    delete: operations['unfollowPerson'];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/users/{username}/mute': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    /**
     * Keeps somebody's posts out of the caller's timeline; a follow stays, and they are not told.
     * @description Needs an access token.
     *
     *     A personal access token needs the scope `people:write`.
     */
    put: operations['mutePerson'];
    post?: never;
    /**
     * Lets them in again.
     * @description Needs an access token.
     *
     *     A personal access token needs the scope `people:write`.
     */
    delete: operations['unmutePerson'];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/users/{username}/block': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    /**
     * Blocks somebody: neither follows the other any more or can, and each is hidden from the other.
     * @description Needs an access token.
     *
     *     A personal access token needs the scope `people:write`.
     */
    put: operations['blockPerson'];
    post?: never;
    /**
     * Unblocks somebody; the follows that the block has ended stay ended.
     * @description Needs an access token.
     *
     *     A personal access token needs the scope `people:write`.
     */
    delete: operations['unblockPerson'];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/users/me/mutes': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Whom the caller has muted, the newest first, in keyset pages.
     * @description Needs an access token.
     *
     *     A personal access token needs the scope `people:read`.
     */
    get: operations['listMutes'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/users/me/blocks': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Whom the caller has blocked, the newest first, in keyset pages.
     * @description Needs an access token.
     *
     *     A personal access token needs the scope `people:read`.
     */
    get: operations['listBlocks'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/admin/users': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * All accounts in keyset pages; the next page is in the `Link` header.
     * @description Only for admins.
     *
     *     A personal access token needs the scope `admin:users:read`.
     */
    get: operations['listUsers'];
    put?: never;
    /**
     * Makes an account for somebody, who is mailed a link to choose its password; until then nobody can log in to it.
     * @description Only for admins.
     */
    post: operations['inviteUser'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/admin/users/{user_id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * One account.
     * @description Only for admins.
     *
     *     A personal access token needs the scope `admin:users:read`.
     */
    get: operations['getUser'];
    put?: never;
    post?: never;
    /**
     * Deletes an account of a lower role and ends all of its sessions at once; everything in it is erased after
     *     ACCOUNT_DELETE_DELAY. Its owner cannot cancel that; an admin's `enable` does.
     * @description Only for admins.
     *
     *     A personal access token needs the scope `admin:users:write`.
     */
    delete: operations['deleteUser'];
    options?: never;
    head?: never;
    /**
     * Changes an account's role; its access tokens are refused from now on, and a refresh brings the new role.
     * @description Only for admins.
     */
    patch: operations['changeUserRole'];
    trace?: never;
  };
  '/api/v1/admin/users/{user_id}/sessions': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * An account's live sessions, the one used last first.
     * @description Only for admins.
     *
     *     A personal access token needs the scope `admin:users:read`.
     */
    get: operations['listUserSessions'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/admin/users/{user_id}/disable': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Disables an account of a lower role and ends all of its sessions at once; with `until`, it ends by itself.
     * @description Only for moderators and admins.
     *
     *     A personal access token needs the scope `admin:users:write`.
     */
    post: operations['disableUser'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/admin/users/{user_id}/enable': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Lets people into an account again, of a lower role: lifts a ban and, for admins, cancels an admin's deletion.
     * @description Only for moderators and admins.
     *
     *     A personal access token needs the scope `admin:users:write`.
     */
    post: operations['enableUser'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/admin/users/{user_id}/logout': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Ends all sessions of an account at once.
     * @description Only for admins.
     *
     *     A personal access token needs the scope `admin:users:write`.
     */
    post: operations['logOutUser'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/admin/users/{user_id}/password-reset': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Mails its owner a link to choose a new password, or the invitation again; the password stays as it is until then.
     * @description Only for admins.
     *
     *     A personal access token needs the scope `admin:users:write`.
     */
    post: operations['sendUserPasswordLink'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/admin/users/{user_id}/second-factors': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post?: never;
    /**
     * Removes all second factors of an account whose owner has lost them, tells the owner, and ends all sessions.
     * @description Only for admins.
     */
    delete: operations['resetUserSecondFactors'];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/admin/users/{user_id}/tokens': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * An account's personal access tokens that have not ended, the newest first.
     * @description Only for admins.
     *
     *     A personal access token needs the scope `admin:users:read`.
     */
    get: operations['listUserTokens'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/admin/users/{user_id}/tokens/{id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post?: never;
    /**
     * Revokes a token of an account at once.
     * @description Only for admins.
     */
    delete: operations['revokeUserToken'];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/admin/posts/{post_id}/restore': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Brings back a post that another than its author deleted.
     * @description Only for admins.
     *
     *     A personal access token needs the scope `admin:posts:write`.
     */
    post: operations['restorePost'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/admin/audit': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * What happened to all accounts, the newest first, in keyset pages; the next page is in the `Link` header.
     * @description Only for admins.
     *
     *     A personal access token needs the scope `admin:audit:read`.
     */
    get: operations['listAuditEvents'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/admin/stats': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Accounts, who was active, and what was made by day. Days are by UTC. A job counts what takes long.
     * @description Only for admins.
     *
     *     A personal access token needs the scope `admin:stats:read`.
     */
    get: operations['getStats'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/health/live': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Whether the process is alive; never asks the database.
     * @description Open to everybody.
     */
    get: operations['getLiveness'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/health/ready': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Whether requests should be sent here: 503 while the database is away or the process is draining.
     * @description Open to everybody.
     */
    get: operations['getReadiness'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/.well-known/jwks.json': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * The public keys of access tokens (RFC 7517), also those that are about to sign; none under HS256, which has no public key.
     * @description Open to everybody.
     */
    get: operations['getJwks'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
}
export type webhooks = Record<string, never>;
export interface components {
  schemas: {
    RegisterRequest: {
      /**
       * Format: email
       * @description Unique without regard to case.
       * @example ada@example.org
       */
      email: string;
      /**
       * Format: password
       * @description At least PASSWORD_MIN_LENGTH characters (8 by default), at most 72 bytes in UTF-8; taken exactly as sent. What is
       *     guessed first is refused: common passwords, repetitions and sequences, the account's own address or username.
       * @example correct horse battery
       */
      password: string;
      /**
       * @description Unique without regard to case; a random one is given when none is chosen.
       * @example ada_lovelace
       */
      username?: string;
    };
    MessageResponse: {
      message: string;
    };
    LoginByEmail: {
      /**
       * Format: email
       * @example ada@example.org
       */
      email: string;
      /**
       * Format: password
       * @example correct horse battery
       */
      password: string;
    };
    LoginByUsername: {
      /** @example ada_lovelace */
      username: string;
      /**
       * Format: password
       * @example correct horse battery
       */
      password: string;
    };
    TokensResponse: {
      /** @description JWT, to be sent as `Authorization: Bearer`. */
      access_token: string;
      /** @description Good for one refresh; within the grace, the same one again gives the same answer. */
      refresh_token: string;
      /**
       * Format: int32
       * @description Life of the access token in seconds.
       */
      expires_in: number;
      /** @enum {string} */
      token_type: 'bearer';
    };
    CookieTokensResponse: {
      /** @description JWT, to be sent as `Authorization: Bearer`; to be kept in memory only. */
      access_token: string;
      /** @enum {string} */
      refresh_token_in: 'cookie';
      /**
       * Format: int32
       * @description Life of the access token in seconds.
       */
      expires_in: number;
      /** @enum {string} */
      token_type: 'bearer';
    };
    MfaRequiredResponse: {
      /** @enum {boolean} */
      mfa_required: true;
      /** @description For `POST /auth/login/second-factor`, and good for nothing else. */
      mfa_ticket: string;
      /** @description The fields of `POST /auth/login/second-factor` of which one will do. */
      methods: string[];
      /**
       * Format: int32
       * @description Life of the ticket in seconds.
       */
      expires_in: number;
    };
    SecondStepRequest: {
      /**
       * @description Six digits of an authenticator app (RFC 6238); each code is accepted once.
       * @example 123456
       */
      totp?: string;
      /**
       * @description One of the ten that were shown when the first second factor was set up; good once. Case and hyphens do not matter.
       * @example 0a1b2c-3d4e5f-6g7h8j-9kamnp
       */
      recovery_code?: string;
      /** @description What `navigator.credentials.get()` gave for `POST /auth/login/passkey/options`, by its `toJSON()`. */
      passkey?: {
        id: string;
        rawId: string;
        /** @enum {string} */
        type: 'public-key';
        response: {
          clientDataJSON: string;
          authenticatorData: string;
          signature: string;
        } & {
          [key: string]: unknown;
        };
      } & {
        [key: string]: unknown;
      };
      /** @description As `POST /auth/login` gave it. */
      mfa_ticket: string;
    };
    PasskeyOptionsResponse: {
      /** @description For `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`; good once, for five minutes. */
      options: {
        [key: string]: unknown;
      };
    };
    PasskeyLoginRequest: {
      /** @description What `navigator.credentials.get()` gave, by its `toJSON()`. */
      credential?: {
        id: string;
        rawId: string;
        /** @enum {string} */
        type: 'public-key';
        response: {
          clientDataJSON: string;
          authenticatorData: string;
          signature: string;
        } & {
          [key: string]: unknown;
        };
      } & {
        [key: string]: unknown;
      };
    };
    EmailLoginRequest: {
      /**
       * Format: email
       * @description The code and the link are mailed to it if an account has it and has confirmed it.
       * @example ada@example.org
       */
      email: string;
    };
    EmailLoginResponse: {
      message: string;
      /** @description To be kept by the browser that asked, and sent with the code or the token. It is not in the mail. */
      login_request: string;
      /**
       * Format: int32
       * @description Life of the request in seconds.
       */
      expires_in: number;
    };
    CompleteEmailLoginRequest: {
      /** @description As `POST /auth/login/email` gave it. */
      login_request: string;
      /** @description Eight digits, as people type them: spaces, hyphens and the digits of any script; may be tried five times. */
      code?: string;
      /** @description From the link in the mail. */
      token?: string;
    };
    RefreshRequest: {
      refresh_token: string;
    };
    LogoutRequest: {
      /**
       * @description With a bearer token: this session, all of the account's others, or all.
       * @enum {string}
       */
      scope?: 'local' | 'others' | 'global';
      /** @description Without a bearer token: the session of this refresh token ends. */
      refresh_token?: string;
    };
    AccountResponse: {
      /** Format: uuid */
      id: string;
      /** Format: email */
      email: string;
      username: string;
      display_name: string | null;
      bio: string | null;
      /** Format: date-time */
      created_at: string;
      /** Format: date-time */
      updated_at: string;
      /** @enum {string} */
      role: 'user' | 'moderator' | 'admin';
      /** @description Whether the owner of the address has confirmed it. */
      email_confirmed: boolean;
    };
    SessionResponse: {
      /** Format: uuid */
      id: string;
      /** Format: date-time */
      created_at: string;
      /**
       * Format: date-time
       * @description Of the last login or refresh.
       */
      last_used_at: string;
      /**
       * Format: date-time
       * @description When it ends unless it is used; never later than SESSION_ABSOLUTE_TTL after its login.
       */
      expires_at: string;
      /** @description Address of the last login or refresh. */
      ip: string | null;
      /** @description The beginning of its User-Agent. */
      user_agent: string | null;
      /** @description Whether it is the one that asks. */
      current: boolean;
    };
    TokenResponse: {
      /** Format: uuid */
      id: string;
      name: string;
      scopes: string[];
      /** @description The end of the token, to tell it from others. */
      last_four: string;
      /** Format: date-time */
      created_at: string;
      /** Format: date-time */
      expires_at: string;
      /**
       * Format: date-time
       * @description Noted once an hour; null: not used yet.
       */
      last_used_at: string | null;
    };
    CreateTokenRequest: {
      /**
       * @description For oneself: what the token is for.
       * @example nightly backup
       */
      name: string;
      /** @description What the token may do. A route says which scope it needs; `…:write` does not include `…:read`. */
      scopes: (
        | 'admin:audit:read'
        | 'admin:posts:write'
        | 'admin:stats:read'
        | 'admin:users:read'
        | 'admin:users:write'
        | 'people:read'
        | 'people:write'
        | 'posts:read'
        | 'posts:write'
        | 'profile:read'
        | 'profile:write'
        | 'tasks:read'
        | 'tasks:write'
        | 'timeline:read'
      )[];
      /**
       * Format: int32
       * @description After how many days, each of 24 hours, it stops working.
       */
      expires_in_days: number;
    };
    CreatedTokenResponse: {
      /** Format: uuid */
      id: string;
      name: string;
      scopes: string[];
      /** @description The end of the token, to tell it from others. */
      last_four: string;
      /** Format: date-time */
      created_at: string;
      /** Format: date-time */
      expires_at: string;
      /**
       * Format: date-time
       * @description Noted once an hour; null: not used yet.
       */
      last_used_at: string | null;
      /** @description Send it as `Authorization: Bearer <token>`. */
      token: string;
    };
    ChangePasswordRequest: {
      /**
       * Format: password
       * @description A wrong, short or over-long one is 403.
       * @example correct horse battery
       */
      current_password: string;
      /**
       * Format: password
       * @description Another than the current one, under the rules of registration.
       * @example correct horse battery
       */
      new_password: string;
    };
    ForgotPasswordRequest: {
      /**
       * Format: email
       * @description The link is mailed to it if an account has it.
       * @example ada@example.org
       */
      email: string;
    };
    ResetPasswordRequest: {
      /**
       * @description From the mail; good once, for 30 minutes (7 days when it is an invitation), and until there is a newer one. The last
       *     one that an address gets for now is good until it may get another.
       */
      token: string;
      /**
       * Format: password
       * @description Under the rules of registration.
       * @example correct horse battery
       */
      new_password: string;
      /**
       * @description True where somebody else made the account: it is erased with everything in it, and the address gets a new, empty one.
       *     Only for an account that never confirmed its address.
       */
      start_afresh?: boolean;
    };
    ConfirmEmailRequest: {
      token?: string;
      /**
       * Format: email
       * @example ada@example.org
       */
      email?: string;
      /** @description Six digits, as people type them: spaces, hyphens and the digits of any script; may be tried five times. */
      code?: string;
    };
    UndoEmailRequest: {
      /** @description From the mail to the old address; good once, for 7 days. */
      token: string;
      /**
       * Format: password
       * @description Under the rules of registration.
       * @example correct horse battery
       */
      new_password: string;
    };
    ResendConfirmationRequest: {
      /**
       * Format: email
       * @description The mail is sent if it waits to be confirmed.
       * @example ada@example.org
       */
      email: string;
    };
    StepUpRequest: {
      /**
       * @description Six digits of an authenticator app (RFC 6238); each code is accepted once.
       * @example 123456
       */
      totp?: string;
      /**
       * @description One of the ten that were shown when the first second factor was set up; good once. Case and hyphens do not matter.
       * @example 0a1b2c-3d4e5f-6g7h8j-9kamnp
       */
      recovery_code?: string;
      /** @description What `navigator.credentials.get()` gave for `POST /auth/login/passkey/options`, by its `toJSON()`. */
      passkey?: {
        id: string;
        rawId: string;
        /** @enum {string} */
        type: 'public-key';
        response: {
          clientDataJSON: string;
          authenticatorData: string;
          signature: string;
        } & {
          [key: string]: unknown;
        };
      } & {
        [key: string]: unknown;
      };
      /**
       * Format: password
       * @description The current one; enough for an account without a second factor. A wrong one is 403.
       * @example correct horse battery
       */
      password?: string;
    };
    StepUpResponse: {
      /** Format: date-time */
      proved_at: string;
      /**
       * Format: date-time
       * @description Until then, routes that ask for a fresh proof let this session in.
       */
      expires_at: string;
    };
    SecondFactorsResponse: {
      /** @description Of which a login needs one; empty: the password is enough. */
      methods: string[];
      /** Format: int64 */
      recovery_codes_left: number;
    };
    RecoveryCodesResponse: {
      /** @description Shown only now: ten when these are new, none when the account keeps the codes that it has. */
      recovery_codes: string[];
    };
    TotpEnrolmentResponse: {
      /** @description To be typed into an app that cannot read the QR code: base 32 (RFC 4648). */
      secret: string;
      /** @description `otpauth://totp/…`, for an app on the same device. */
      otpauth_url: string;
      /** @description The same address as a QR code: an SVG image. */
      qr_svg: string;
      /**
       * Format: int32
       * @description Seconds for the confirmation.
       */
      expires_in: number;
    };
    ConfirmTotpRequest: {
      /**
       * @description The code that the app shows now.
       * @example 123456
       */
      code: string;
    };
    PasskeyResponse: {
      /** Format: uuid */
      id: string;
      name: string;
      /** Format: date-time */
      created_at: string;
      /** Format: date-time */
      last_used_at: string | null;
      /** @description Whether a login by password needs it, or another second factor. */
      second_factor: boolean;
      /** @description False after a reset by mail: it serves after the password only. A new passkey logs in alone. */
      logs_in_alone: boolean;
      /** @description Whether it was copied to other devices of its owner, by the vendor's cloud, as of its last use. */
      backed_up: boolean;
    };
    CreatePasskeyRequest: {
      /** @description What `navigator.credentials.create()` gave, by its `toJSON()`. */
      credential?: {
        id: string;
        rawId: string;
        /** @enum {string} */
        type: 'public-key';
        response: {
          clientDataJSON: string;
          attestationObject: string;
        } & {
          [key: string]: unknown;
        };
      } & {
        [key: string]: unknown;
      };
      /**
       * @description To tell it from others of the same person.
       * @example Phone
       */
      name: string;
      /** @description True: a login by password needs a passkey, too. False by default: the passkey is another way to log in. */
      second_factor?: boolean;
    };
    CreatedPasskeyResponse: {
      /** Format: uuid */
      id: string;
      name: string;
      /** Format: date-time */
      created_at: string;
      /** Format: date-time */
      last_used_at: string | null;
      /** @description Shown only now, and not to a repeat of the request: ten when it is the account's first second factor, else none. */
      recovery_codes: string[];
      /** @description Whether a login by password needs it, or another second factor. */
      second_factor: boolean;
      /** @description False after a reset by mail: it serves after the password only. A new passkey logs in alone. */
      logs_in_alone: boolean;
      /** @description Whether it was copied to other devices of its owner, by the vendor's cloud, as of its last use. */
      backed_up: boolean;
    };
    RenamePasskeyRequest: {
      /** @example Phone */
      name: string;
    };
    RevocationResponse: {
      /**
       * Format: uuid
       * @description Refuse tokens with this `sid`; null when it is about a user.
       */
      session_id: string | null;
      /**
       * Format: uuid
       * @description Refuse tokens with this `sub` whose `epoch` is below `min_epoch`; null when it is about a session.
       */
      user_id: string | null;
      /** Format: int64 */
      min_epoch: number | null;
      /** Format: date-time */
      created_at: string;
      /**
       * Format: date-time
       * @description After it no token lives that this is about: forget it.
       */
      expires_at: string;
    };
    UpdateProfileRequest: {
      /**
       * @description Unique without regard to case; the case of one's own may be changed.
       * @example ada_lovelace
       */
      username?: string;
      /** @description Not blank; `null` clears it. */
      display_name?: string | null;
      /** @description May have several lines; `null` clears it. */
      bio?: string | null;
    };
    DeleteAccountRequest: {
      /**
       * Format: password
       * @example correct horse battery
       */
      current_password: string;
    };
    DeletionResponse: {
      message: string;
      /**
       * Format: date-time
       * @description When it becomes final: the account and everything in it are erased from then on.
       */
      deletes_at: string;
    };
    ChangeEmailRequest: {
      /**
       * Format: email
       * @description Another than the account's own; the link is mailed to it.
       * @example ada@example.org
       */
      email: string;
      /**
       * Format: password
       * @description A wrong, short or over-long one is 403.
       * @example correct horse battery
       */
      current_password: string;
    };
    ActivityResponse: {
      id: string;
      /** Format: date-time */
      at: string;
      /** @enum {string} */
      action:
        | 'user.registered'
        | 'user.registration_refused'
        | 'user.taken_over'
        | 'login.succeeded'
        | 'login.failed'
        | 'login.throttled'
        | 'login.email_requested'
        | 'login.second_factor_asked'
        | 'step_up.succeeded'
        | 'step_up.failed'
        | 'second_factor.added'
        | 'second_factor.removed'
        | 'second_factors.reset'
        | 'passkey.added'
        | 'passkey.removed'
        | 'passkey.copied'
        | 'recovery_codes.renewed'
        | 'recovery_code.used'
        | 'session.ended'
        | 'session.reused'
        | 'password.changed'
        | 'password.change_failed'
        | 'password.reset_requested'
        | 'password.reset'
        | 'email.confirmed'
        | 'email.change_requested'
        | 'email.change_failed'
        | 'email.changed'
        | 'email.change_undone'
        | 'user.invited'
        | 'user.renamed'
        | 'user.exported'
        | 'user.deletion_requested'
        | 'user.deletion_failed'
        | 'user.deletion_cancelled'
        | 'user.erased'
        | 'user.role_changed'
        | 'user.disabled'
        | 'user.enabled'
        | 'user.logged_out'
        | 'token.created'
        | 'token.revoked'
        | 'post.deleted'
        | 'post.restored';
      /**
       * @description The caller, a moderator or admin, or whoever did not prove to be the caller.
       * @enum {string}
       */
      by: 'self' | 'staff' | 'unknown';
      /**
       * Format: uuid
       * @description The session that it is about, or that it was done in; or the personal access token that it was done with.
       */
      session_id: string | null;
      /** @description Not told of moderators and admins. */
      ip: string | null;
      /** @description Not told of moderators and admins. */
      user_agent: string | null;
      /** @description Why, where that is known: of a session's end, or of a failed login. */
      reason: string | null;
    };
    ExportedSession: {
      /** Format: uuid */
      id: string;
      /** Format: date-time */
      created_at: string;
      /**
       * Format: date-time
       * @description Of the last login or refresh.
       */
      last_used_at: string;
      /**
       * Format: date-time
       * @description When it ends unless it is used; never later than SESSION_ABSOLUTE_TTL after its login.
       */
      expires_at: string;
      /** @description Address of the last login or refresh. */
      ip: string | null;
      /** @description The beginning of its User-Agent. */
      user_agent: string | null;
      /**
       * Format: date-time
       * @description When it was ended before its time; null when it was not.
       */
      ended_at: string | null;
      /** @description Whether it is the one that asks. */
      current: boolean;
    };
    TaskResponse: {
      /** Format: int32 */
      id: number;
      /**
       * Format: uuid
       * @description The owner.
       */
      user_id: string;
      title: string;
      description: string | null;
      /** Format: date-time */
      created_at: string;
      /** Format: date-time */
      updated_at: string;
      completed: boolean;
    };
    ExportedPost: {
      id: string;
      text: string;
      /** Format: date-time */
      created_at: string;
      /** Format: date-time */
      deleted_at: string | null;
    };
    ExportedPerson: {
      /** Format: uuid */
      id: string;
      username: string;
      /** Format: date-time */
      since: string;
    };
    ExportedToken: {
      /** Format: uuid */
      id: string;
      name: string;
      scopes: string[];
      /** @description The end of the token, to tell it from others. */
      last_four: string;
      /** Format: date-time */
      created_at: string;
      /** Format: date-time */
      expires_at: string;
      /**
       * Format: date-time
       * @description Noted once an hour; null: not used yet.
       */
      last_used_at: string | null;
      /**
       * Format: date-time
       * @description When it was revoked; null when it was not.
       */
      revoked_at: string | null;
    };
    ExportedTotp: {
      /** Format: date-time */
      created_at: string;
      /** Format: date-time */
      confirmed_at: string;
      /** Format: date-time */
      last_used_at: string;
    };
    ExportResponse: {
      /** Format: date-time */
      exported_at: string;
      sessions: components['schemas']['ExportedSession'][];
      tasks: components['schemas']['TaskResponse'][];
      posts: components['schemas']['ExportedPost'][];
      following: components['schemas']['ExportedPerson'][];
      followers: components['schemas']['ExportedPerson'][];
      mutes: components['schemas']['ExportedPerson'][];
      blocks: components['schemas']['ExportedPerson'][];
      /** @description As `GET /users/me/activity` has it, the newest first. */
      audit: components['schemas']['ActivityResponse'][];
      passkeys: components['schemas']['PasskeyResponse'][];
      personal_tokens: components['schemas']['ExportedToken'][];
      totp: components['schemas']['ExportedTotp'][];
      profile: components['schemas']['AccountResponse'];
    };
    CreateTaskRequest: {
      /**
       * @description Not blank; lengths are counted in code points, and nothing is trimmed.
       * @example Note G
       */
      title: string;
      /** @example Bernoulli numbers */
      description?: string | null;
    };
    UpdateTaskRequest: {
      /** @example Note G */
      title?: string;
      /**
       * @description `null` clears it.
       * @example Bernoulli numbers
       */
      description?: string | null;
      completed?: boolean;
    };
    CompleteTaskRequest: {
      completed: boolean;
    };
    PostAuthor: {
      /** Format: uuid */
      id: string;
      username: string;
    };
    PostResponse: {
      /** @description A whole number in decimal, larger than JavaScript's numbers may hold; later posts have larger ones. */
      id: string;
      text: string;
      /** Format: date-time */
      created_at: string;
      author: components['schemas']['PostAuthor'];
    };
    CreatePostRequest: {
      /** @description 1 to 280 characters as a person counts them (grapheme clusters), at most 8,000 bytes in UTF-8, not blank; stored as it is. */
      text: string;
    };
    PersonResponse: {
      /** Format: uuid */
      id: string;
      username: string;
      display_name: string | null;
      bio: string | null;
      /** @description Whether the caller follows them. */
      is_following: boolean;
    };
    ProfileResponse: {
      /** Format: uuid */
      id: string;
      username: string;
      display_name: string | null;
      bio: string | null;
      /** Format: date-time */
      created_at: string;
      /** Format: int64 */
      posts_count: number;
      /** Format: int64 */
      followers_count: number;
      /** Format: int64 */
      following_count: number;
      /** @description Whether the caller keeps them out of their timeline. */
      is_muted: boolean;
      /** @description Whether the caller has blocked them. */
      is_blocked: boolean;
      /** @description Whether the caller follows them. */
      is_following: boolean;
    };
    UserResponse: {
      /** Format: uuid */
      id: string;
      /** Format: email */
      email: string;
      username: string;
      display_name: string | null;
      bio: string | null;
      /** Format: date-time */
      created_at: string;
      /** Format: date-time */
      updated_at: string;
      /** @enum {string} */
      status: 'active' | 'disabled';
      /**
       * Format: date-time
       * @description When it is enabled by itself; null when it is active, or disabled until somebody enables it.
       */
      disabled_until: string | null;
      disabled_reason: string | null;
      /**
       * @description Who deletes it: its owner, whose login cancels that, or an admin; null when nobody does.
       * @enum {string|null}
       */
      deletion: 'own' | 'staff' | null;
      /**
       * Format: date-time
       * @description When its deletion becomes final.
       */
      deletes_at: string | null;
      /** @enum {string} */
      role: 'user' | 'moderator' | 'admin';
      /** @description Whether the owner of the address has confirmed it. */
      email_confirmed: boolean;
    };
    InviteUserRequest: {
      /**
       * Format: email
       * @description The invitation is mailed to it.
       * @example ada@example.org
       */
      email: string;
      /**
       * @description Unique without regard to case; a random one is given when none is chosen.
       * @example ada_lovelace
       */
      username?: string;
      /**
       * @default user
       * @enum {string}
       */
      role?: 'user' | 'moderator' | 'admin';
    };
    ChangeRoleRequest: {
      /** @enum {string} */
      role: 'user' | 'moderator' | 'admin';
    };
    DisableUserRequest: {
      /**
       * @description For the audit and for other moderators; its subject does not see it. The audit keeps it for AUDIT_RETENTION, also after the
       *     account was erased: name nobody in it.
       */
      reason: string;
      /**
       * Format: date-time
       * @description When it ends by itself; left out or `null`: when it is enabled.
       */
      until?: string | null;
    };
    AuditEventResponse: {
      id: string;
      /** Format: date-time */
      at: string;
      /** @enum {string} */
      action:
        | 'user.registered'
        | 'user.registration_refused'
        | 'user.taken_over'
        | 'login.succeeded'
        | 'login.failed'
        | 'login.throttled'
        | 'login.email_requested'
        | 'login.second_factor_asked'
        | 'step_up.succeeded'
        | 'step_up.failed'
        | 'second_factor.added'
        | 'second_factor.removed'
        | 'second_factors.reset'
        | 'passkey.added'
        | 'passkey.removed'
        | 'passkey.copied'
        | 'recovery_codes.renewed'
        | 'recovery_code.used'
        | 'session.ended'
        | 'session.reused'
        | 'password.changed'
        | 'password.change_failed'
        | 'password.reset_requested'
        | 'password.reset'
        | 'email.confirmed'
        | 'email.change_requested'
        | 'email.change_failed'
        | 'email.changed'
        | 'email.change_undone'
        | 'user.invited'
        | 'user.renamed'
        | 'user.exported'
        | 'user.deletion_requested'
        | 'user.deletion_failed'
        | 'user.deletion_cancelled'
        | 'user.erased'
        | 'user.role_changed'
        | 'user.disabled'
        | 'user.enabled'
        | 'user.logged_out'
        | 'token.created'
        | 'token.revoked'
        | 'post.deleted'
        | 'post.restored';
      /**
       * Format: uuid
       * @description Who did it; null when that is not known.
       */
      actor_id: string | null;
      /**
       * Format: uuid
       * @description Whose account it is about; null when there is none. It may be gone.
       */
      subject_id: string | null;
      /** Format: uuid */
      session_id: string | null;
      ip: string | null;
      user_agent: string | null;
      /**
       * Format: uuid
       * @description Of `X-Request-Id` and of the logs.
       */
      request_id: string | null;
      before: {
        [key: string]: unknown;
      } | null;
      after: {
        [key: string]: unknown;
      } | null;
    };
    DayCount: {
      /**
       * Format: date
       * @description In UTC.
       */
      date: string;
      /** Format: int64 */
      created: number;
    };
    AccountCounts: {
      /** Format: int64 */
      total: number;
      /** Format: int64 */
      confirmed: number;
      /** Format: int64 */
      disabled: number;
    };
    ActiveCounts: {
      /**
       * Format: int64
       * @description Within 24 hours.
       */
      day: number;
      /**
       * Format: int64
       * @description Within 7 days.
       */
      week: number;
      /**
       * Format: int64
       * @description Within 30 days.
       */
      month: number;
    };
    StatsResponse: {
      /**
       * Format: date-time
       * @description When `accounts` and `active` were counted: once a day by a job, and for this answer while there are few rows.
       */
      counted_at: string;
      /** @description Of the last 30 days, today last. A day that is over keeps its count; of today, what was deleted is not counted. */
      follows: components['schemas']['DayCount'][];
      /** @description Of the last 30 days, today last. A day that is over keeps its count; of today, what was deleted is not counted. Also posts that were deleted since. */
      posts: components['schemas']['DayCount'][];
      /** @description Of the last 30 days, today last. A day that is over keeps its count; of today, what was deleted is not counted. */
      tasks: components['schemas']['DayCount'][];
      accounts: components['schemas']['AccountCounts'];
      active: components['schemas']['ActiveCounts'];
    };
    HealthResponse: {
      /** @enum {string} */
      status: 'ok';
    };
    JwkResponse: {
      kty: string;
      use: string;
      alg: string;
      kid: string;
      crv?: string;
      x?: string;
      y?: string;
      n?: string;
      e?: string;
    };
    JwksResponse: {
      keys: components['schemas']['JwkResponse'][];
    };
    /** @description RFC 9457 problem details. */
    Problem: {
      /**
       * Format: uri-reference
       * @description The address of a page about the code: `/problems/<code>`.
       */
      type: string;
      title: string;
      /** Format: int32 */
      status: number;
      detail: string;
      /**
       * @description A stable word for machines.
       * @enum {string}
       */
      code:
        | 'malformed_request'
        | 'malformed_json'
        | 'json_too_deep'
        | 'invalid_host'
        | 'unknown_host'
        | 'payload_too_large'
        | 'uri_too_long'
        | 'headers_too_large'
        | 'unsupported_media_type'
        | 'expectation_failed'
        | 'http_version_not_supported'
        | 'request_timeout'
        | 'validation_failed'
        | 'invalid_account_token'
        | 'invalid_confirmation_code'
        | 'authentication_required'
        | 'invalid_token'
        | 'token_expired'
        | 'token_revoked'
        | 'token_stale'
        | 'invalid_credentials'
        | 'wrong_password'
        | 'wrong_second_factor'
        | 'invalid_second_factor'
        | 'invalid_mfa_ticket'
        | 'step_up_required'
        | 'second_factor_required'
        | 'second_factor_kept'
        | 'totp_enabled'
        | 'totp_not_begun'
        | 'totp_not_enabled'
        | 'invalid_passkey'
        | 'invalid_passkey_login'
        | 'passkeys_unavailable'
        | 'invalid_email_login'
        | 'passkey_exists'
        | 'passkey_not_found'
        | 'too_many_passkeys'
        | 'no_second_factor'
        | 'invalid_refresh_token'
        | 'cross_site_request'
        | 'refresh_token_reused'
        | 'account_disabled'
        | 'account_deleted'
        | 'email_not_confirmed'
        | 'insufficient_role'
        | 'insufficient_scope'
        | 'own_account'
        | 'https_required'
        | 'metrics_forbidden'
        | 'route_not_found'
        | 'method_not_allowed'
        | 'session_not_found'
        | 'token_not_found'
        | 'token_limit_reached'
        | 'task_not_found'
        | 'task_forbidden'
        | 'post_not_found'
        | 'post_forbidden'
        | 'not_oneself'
        | 'follow_limit_reached'
        | 'user_blocked'
        | 'user_not_found'
        | 'user_disabled'
        | 'user_deleted'
        | 'user_unconfirmed'
        | 'last_admin'
        | 'email_taken'
        | 'username_taken'
        | 'idempotency_key_reused'
        | 'idempotency_key_in_use'
        | 'idempotency_key_unreadable'
        | 'rate_limited'
        | 'database_unavailable'
        | 'too_many_streams'
        | 'overloaded'
        | 'starting'
        | 'draining'
        | 'internal_error';
      /** Format: uuid */
      request_id: string;
      /** @description One entry for each bad field. */
      errors?: {
        /** @description JSON Pointer as a URI fragment, such as `#/title`; of a parameter, too. */
        pointer: string;
        /**
         * @description Where the parameter is. Absent: in the body.
         * @enum {string}
         */
        in?: 'query' | 'header';
        code: string;
        detail: string;
      }[];
      /** @description The exceeded limits, as in draft-ietf-httpapi-ratelimit-headers. */
      'violated-policies'?: string[];
      /** @description With `step_up_required`: the fields of `POST /auth/step-up` of which one will do. */
      proofs?: string[];
    };
    MalformedQueryProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'malformed_request';
    };
    MalformedBodyProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'malformed_request' | 'malformed_json' | 'json_too_deep';
    };
    InvalidBodyProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'malformed_request' | 'malformed_json' | 'json_too_deep' | 'validation_failed';
    };
    InvalidProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'validation_failed';
    };
    UnauthenticatedProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'authentication_required' | 'invalid_token' | 'token_expired' | 'token_revoked' | 'token_stale';
    };
    InsufficientRoleProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'insufficient_role' | 'second_factor_required' | 'insufficient_scope';
    };
    InsufficientProofProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'insufficient_role' | 'second_factor_required' | 'insufficient_scope' | 'step_up_required';
    };
    InsufficientScopeProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'insufficient_scope';
    };
    StepUpProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'insufficient_scope' | 'step_up_required';
    };
    UserNotFoundProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'user_not_found' | 'route_not_found';
    };
    PayloadTooLargeProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'payload_too_large';
    };
    UnsupportedMediaTypeProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'unsupported_media_type';
    };
    RateLimitedProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'rate_limited';
    };
    InternalErrorProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'internal_error';
    };
    UnavailableProblem: components['schemas']['Problem'] & {
      /** @enum {string} */
      code: 'database_unavailable' | 'overloaded' | 'starting' | 'draining';
    };
  };
  responses: never;
  parameters: never;
  requestBodies: never;
  headers: {
    /** @description What is left of each limit, and the seconds until it is whole again: `"address";r=599;t=60`. */
    RateLimit: string;
    /** @description Each limit with its quota and its window in seconds: `"address";q=600;w=60`. */
    'RateLimit-Policy': string;
    /** @description There when the request had been carried out before: this is the answer that it got then. */
    'Idempotency-Replayed': 'true';
    /** @description Seconds. */
    'Retry-After': number;
    /** @description What is missing or wrong, as in RFC 6750 section 3: `Bearer realm="roost", error="invalid_token"`. With `insufficient_scope` of a personal access token: which scope. */
    'WWW-Authenticate': string;
    /** @description Names the request in the log, and in problems. */
    'X-Request-Id': string;
  };
  pathItems: never;
}
export type RegisterRequest = components['schemas']['RegisterRequest'];
export type MessageResponse = components['schemas']['MessageResponse'];
export type LoginByEmail = components['schemas']['LoginByEmail'];
export type LoginByUsername = components['schemas']['LoginByUsername'];
export type TokensResponse = components['schemas']['TokensResponse'];
export type CookieTokensResponse = components['schemas']['CookieTokensResponse'];
export type MfaRequiredResponse = components['schemas']['MfaRequiredResponse'];
export type SecondStepRequest = components['schemas']['SecondStepRequest'];
export type PasskeyOptionsResponse = components['schemas']['PasskeyOptionsResponse'];
export type PasskeyLoginRequest = components['schemas']['PasskeyLoginRequest'];
export type EmailLoginRequest = components['schemas']['EmailLoginRequest'];
export type EmailLoginResponse = components['schemas']['EmailLoginResponse'];
export type CompleteEmailLoginRequest = components['schemas']['CompleteEmailLoginRequest'];
export type RefreshRequest = components['schemas']['RefreshRequest'];
export type LogoutRequest = components['schemas']['LogoutRequest'];
export type AccountResponse = components['schemas']['AccountResponse'];
export type SessionResponse = components['schemas']['SessionResponse'];
export type TokenResponse = components['schemas']['TokenResponse'];
export type CreateTokenRequest = components['schemas']['CreateTokenRequest'];
export type CreatedTokenResponse = components['schemas']['CreatedTokenResponse'];
export type ChangePasswordRequest = components['schemas']['ChangePasswordRequest'];
export type ForgotPasswordRequest = components['schemas']['ForgotPasswordRequest'];
export type ResetPasswordRequest = components['schemas']['ResetPasswordRequest'];
export type ConfirmEmailRequest = components['schemas']['ConfirmEmailRequest'];
export type UndoEmailRequest = components['schemas']['UndoEmailRequest'];
export type ResendConfirmationRequest = components['schemas']['ResendConfirmationRequest'];
export type StepUpRequest = components['schemas']['StepUpRequest'];
export type StepUpResponse = components['schemas']['StepUpResponse'];
export type SecondFactorsResponse = components['schemas']['SecondFactorsResponse'];
export type RecoveryCodesResponse = components['schemas']['RecoveryCodesResponse'];
export type TotpEnrolmentResponse = components['schemas']['TotpEnrolmentResponse'];
export type ConfirmTotpRequest = components['schemas']['ConfirmTotpRequest'];
export type PasskeyResponse = components['schemas']['PasskeyResponse'];
export type CreatePasskeyRequest = components['schemas']['CreatePasskeyRequest'];
export type CreatedPasskeyResponse = components['schemas']['CreatedPasskeyResponse'];
export type RenamePasskeyRequest = components['schemas']['RenamePasskeyRequest'];
export type RevocationResponse = components['schemas']['RevocationResponse'];
export type UpdateProfileRequest = components['schemas']['UpdateProfileRequest'];
export type DeleteAccountRequest = components['schemas']['DeleteAccountRequest'];
export type DeletionResponse = components['schemas']['DeletionResponse'];
export type ChangeEmailRequest = components['schemas']['ChangeEmailRequest'];
export type ActivityResponse = components['schemas']['ActivityResponse'];
export type ExportedSession = components['schemas']['ExportedSession'];
export type TaskResponse = components['schemas']['TaskResponse'];
export type ExportedPost = components['schemas']['ExportedPost'];
export type ExportedPerson = components['schemas']['ExportedPerson'];
export type ExportedToken = components['schemas']['ExportedToken'];
export type ExportedTotp = components['schemas']['ExportedTotp'];
export type ExportResponse = components['schemas']['ExportResponse'];
export type CreateTaskRequest = components['schemas']['CreateTaskRequest'];
export type UpdateTaskRequest = components['schemas']['UpdateTaskRequest'];
export type CompleteTaskRequest = components['schemas']['CompleteTaskRequest'];
export type PostAuthor = components['schemas']['PostAuthor'];
export type PostResponse = components['schemas']['PostResponse'];
export type CreatePostRequest = components['schemas']['CreatePostRequest'];
export type PersonResponse = components['schemas']['PersonResponse'];
export type ProfileResponse = components['schemas']['ProfileResponse'];
export type UserResponse = components['schemas']['UserResponse'];
export type InviteUserRequest = components['schemas']['InviteUserRequest'];
export type ChangeRoleRequest = components['schemas']['ChangeRoleRequest'];
export type DisableUserRequest = components['schemas']['DisableUserRequest'];
export type AuditEventResponse = components['schemas']['AuditEventResponse'];
export type DayCount = components['schemas']['DayCount'];
export type AccountCounts = components['schemas']['AccountCounts'];
export type ActiveCounts = components['schemas']['ActiveCounts'];
export type StatsResponse = components['schemas']['StatsResponse'];
export type HealthResponse = components['schemas']['HealthResponse'];
export type JwkResponse = components['schemas']['JwkResponse'];
export type JwksResponse = components['schemas']['JwksResponse'];
export type Problem = components['schemas']['Problem'];
export type MalformedQueryProblem = components['schemas']['MalformedQueryProblem'];
export type MalformedBodyProblem = components['schemas']['MalformedBodyProblem'];
export type InvalidBodyProblem = components['schemas']['InvalidBodyProblem'];
export type InvalidProblem = components['schemas']['InvalidProblem'];
export type UnauthenticatedProblem = components['schemas']['UnauthenticatedProblem'];
export type InsufficientRoleProblem = components['schemas']['InsufficientRoleProblem'];
export type InsufficientProofProblem = components['schemas']['InsufficientProofProblem'];
export type InsufficientScopeProblem = components['schemas']['InsufficientScopeProblem'];
export type StepUpProblem = components['schemas']['StepUpProblem'];
export type UserNotFoundProblem = components['schemas']['UserNotFoundProblem'];
export type PayloadTooLargeProblem = components['schemas']['PayloadTooLargeProblem'];
export type UnsupportedMediaTypeProblem = components['schemas']['UnsupportedMediaTypeProblem'];
export type RateLimitedProblem = components['schemas']['RateLimitedProblem'];
export type InternalErrorProblem = components['schemas']['InternalErrorProblem'];
export type UnavailableProblem = components['schemas']['UnavailableProblem'];
export type HeaderRateLimit = components['headers']['RateLimit'];
export type HeaderRateLimitPolicy = components['headers']['RateLimit-Policy'];
export type HeaderIdempotencyReplayed = components['headers']['Idempotency-Replayed'];
export type HeaderRetryAfter = components['headers']['Retry-After'];
export type HeaderWwwAuthenticate = components['headers']['WWW-Authenticate'];
export type HeaderXRequestId = components['headers']['X-Request-Id'];
export type $defs = Record<string, never>;
export interface operations {
  register: {
    parameters: {
      query?: never;
      header?: {
        /** @description Makes the request safe to repeat: 1 to 255 printable characters of ASCII, quoted or not, random for each request. For 24 hours the same key with the same body gives the first answer again. */
        'Idempotency-Key'?: string;
      };
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['RegisterRequest'];
      };
    };
    responses: {
      /** @description Created. */
      201: {
        content: {
          'application/json': components['schemas']['MessageResponse'];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['InvalidBodyProblem'];
        };
      };
      409: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'email_taken' | 'username_taken' | 'idempotency_key_in_use';
          };
        };
      };
      413: {
        content: {
          'application/problem+json': components['schemas']['PayloadTooLargeProblem'];
        };
      };
      415: {
        content: {
          'application/problem+json': components['schemas']['UnsupportedMediaTypeProblem'];
        };
      };
      422: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'idempotency_key_reused';
          };
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'idempotency_key_unreadable' | 'database_unavailable' | 'overloaded' | 'starting' | 'draining';
          };
        };
      };
    };
  };
  login: {
    parameters: {
      query?: never;
      header?: {
        /** @description For pages: `cookie` keeps the refresh token in a cookie that no script can read. */
        'Refresh-Token-In'?: 'cookie';
      };
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['LoginByEmail'] | components['schemas']['LoginByUsername'];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json':
            | components['schemas']['TokensResponse']
            | components['schemas']['CookieTokensResponse']
            | components['schemas']['MfaRequiredResponse'];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['InvalidBodyProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'invalid_credentials';
          };
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'cross_site_request' | 'account_disabled' | 'account_deleted' | 'email_not_confirmed';
          };
        };
      };
      413: {
        content: {
          'application/problem+json': components['schemas']['PayloadTooLargeProblem'];
        };
      };
      415: {
        content: {
          'application/problem+json': components['schemas']['UnsupportedMediaTypeProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  completeLogin: {
    parameters: {
      query?: never;
      header?: {
        /** @description For pages: `cookie` keeps the refresh token in a cookie that no script can read. */
        'Refresh-Token-In'?: 'cookie';
      };
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['SecondStepRequest'];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['TokensResponse'] | components['schemas']['CookieTokensResponse'];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['InvalidBodyProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'invalid_mfa_ticket' | 'invalid_second_factor';
          };
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'cross_site_request' | 'account_disabled';
          };
        };
      };
      413: {
        content: {
          'application/problem+json': components['schemas']['PayloadTooLargeProblem'];
        };
      };
      415: {
        content: {
          'application/problem+json': components['schemas']['UnsupportedMediaTypeProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  beginPasskeyLogin: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['PasskeyOptionsResponse'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  completePasskeyLogin: {
    parameters: {
      query?: never;
      header?: {
        /** @description For pages: `cookie` keeps the refresh token in a cookie that no script can read. */
        'Refresh-Token-In'?: 'cookie';
      };
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['PasskeyLoginRequest'];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['TokensResponse'] | components['schemas']['CookieTokensResponse'];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['InvalidBodyProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'invalid_passkey_login';
          };
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'cross_site_request' | 'account_disabled' | 'account_deleted' | 'email_not_confirmed';
          };
        };
      };
      413: {
        content: {
          'application/problem+json': components['schemas']['PayloadTooLargeProblem'];
        };
      };
      415: {
        content: {
          'application/problem+json': components['schemas']['UnsupportedMediaTypeProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  beginEmailLogin: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['EmailLoginRequest'];
      };
    };
    responses: {
      /** @description Accepted: the rest happens later. */
      202: {
        content: {
          'application/json': components['schemas']['EmailLoginResponse'];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['InvalidBodyProblem'];
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'route_not_found';
          };
        };
      };
      413: {
        content: {
          'application/problem+json': components['schemas']['PayloadTooLargeProblem'];
        };
      };
      415: {
        content: {
          'application/problem+json': components['schemas']['UnsupportedMediaTypeProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  completeEmailLogin: {
    parameters: {
      query?: never;
      header?: {
        /** @description For pages: `cookie` keeps the refresh token in a cookie that no script can read. */
        'Refresh-Token-In'?: 'cookie';
      };
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['CompleteEmailLoginRequest'];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json':
            | components['schemas']['TokensResponse']
            | components['schemas']['CookieTokensResponse']
            | components['schemas']['MfaRequiredResponse'];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['InvalidBodyProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'invalid_email_login';
          };
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'cross_site_request' | 'account_disabled' | 'account_deleted';
          };
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'route_not_found';
          };
        };
      };
      413: {
        content: {
          'application/problem+json': components['schemas']['PayloadTooLargeProblem'];
        };
      };
      415: {
        content: {
          'application/problem+json': components['schemas']['UnsupportedMediaTypeProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  refreshTokens: {
    parameters: {
      query?: never;
      header?: {
        /** @description For pages: `cookie` keeps the refresh token in a cookie that no script can read. */
        'Refresh-Token-In'?: 'cookie';
      };
      path?: never;
      cookie?: never;
    };
    requestBody?: {
      content: {
        'application/json': components['schemas']['RefreshRequest'];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['TokensResponse'] | components['schemas']['CookieTokensResponse'];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['InvalidBodyProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'invalid_refresh_token' | 'refresh_token_reused';
          };
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'cross_site_request' | 'account_disabled';
          };
        };
      };
      413: {
        content: {
          'application/problem+json': components['schemas']['PayloadTooLargeProblem'];
        };
      };
      415: {
        content: {
          'application/problem+json': components['schemas']['UnsupportedMediaTypeProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  logout: {
    parameters: {
      query?: never;
      header?: {
        /** @description For pages: `cookie` keeps the refresh token in a cookie that no script can read. */
        'Refresh-Token-In'?: 'cookie';
      };
      path?: never;
      cookie?: never;
    };
    requestBody?: {
      content: {
        'application/json': components['schemas']['LogoutRequest'];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['MessageResponse'];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['InvalidBodyProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code:
              | 'invalid_refresh_token'
              | 'authentication_required'
              | 'invalid_token'
              | 'token_expired'
              | 'token_revoked'
              | 'token_stale';
          };
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'cross_site_request' | 'insufficient_scope';
          };
        };
      };
      413: {
        content: {
          'application/problem+json': components['schemas']['PayloadTooLargeProblem'];
        };
      };
      415: {
        content: {
          'application/problem+json': components['schemas']['UnsupportedMediaTypeProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  getOwnAccount: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['AccountResponse'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientScopeProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  listSessions: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['SessionResponse'][];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientScopeProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  endSession: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        session_id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success, without a body. */
      204: {
        content?: never;
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientScopeProblem'];
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'session_not_found' | 'route_not_found';
          };
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  listTokens: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['TokenResponse'][];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientScopeProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  createToken: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['CreateTokenRequest'];
      };
    };
    responses: {
      /** @description Created. */
      201: {
        content: {
          'application/json': components['schemas']['CreatedTokenResponse'];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['InvalidBodyProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'insufficient_role' | 'insufficient_scope' | 'step_up_required';
          };
        };
      };
      409: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'token_limit_reached';
          };
        };
      };
      413: {
        content: {
          'application/problem+json': components['schemas']['PayloadTooLargeProblem'];
        };
      };
      415: {
        content: {
          'application/problem+json': components['schemas']['UnsupportedMediaTypeProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  revokeToken: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success, without a body. */
      204: {
        content?: never;
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientScopeProblem'];
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'token_not_found' | 'route_not_found';
          };
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  changePassword: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['ChangePasswordRequest'];
      };
    };
    responses: {
      /** @description Success, without a body. */
      204: {
        content?: never;
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['InvalidBodyProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'wrong_password' | 'account_disabled' | 'insufficient_scope' | 'step_up_required';
          };
        };
      };
      413: {
        content: {
          'application/problem+json': components['schemas']['PayloadTooLargeProblem'];
        };
      };
      415: {
        content: {
          'application/problem+json': components['schemas']['UnsupportedMediaTypeProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  forgotPassword: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['ForgotPasswordRequest'];
      };
    };
    responses: {
      /** @description Accepted: the rest happens later. */
      202: {
        content: {
          'application/json': components['schemas']['MessageResponse'];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['InvalidBodyProblem'];
        };
      };
      413: {
        content: {
          'application/problem+json': components['schemas']['PayloadTooLargeProblem'];
        };
      };
      415: {
        content: {
          'application/problem+json': components['schemas']['UnsupportedMediaTypeProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  resetPassword: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['ResetPasswordRequest'];
      };
    };
    responses: {
      /** @description Success, without a body. */
      204: {
        content?: never;
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code:
              'invalid_account_token' | 'malformed_request' | 'malformed_json' | 'json_too_deep' | 'validation_failed';
          };
        };
      };
      409: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'last_admin';
          };
        };
      };
      413: {
        content: {
          'application/problem+json': components['schemas']['PayloadTooLargeProblem'];
        };
      };
      415: {
        content: {
          'application/problem+json': components['schemas']['UnsupportedMediaTypeProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  confirmEmail: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['ConfirmEmailRequest'];
      };
    };
    responses: {
      /** @description Success, without a body. */
      204: {
        content?: never;
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code:
              | 'invalid_account_token'
              | 'invalid_confirmation_code'
              | 'malformed_request'
              | 'malformed_json'
              | 'json_too_deep'
              | 'validation_failed';
          };
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'account_disabled';
          };
        };
      };
      409: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'email_taken';
          };
        };
      };
      413: {
        content: {
          'application/problem+json': components['schemas']['PayloadTooLargeProblem'];
        };
      };
      415: {
        content: {
          'application/problem+json': components['schemas']['UnsupportedMediaTypeProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  undoEmailChange: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['UndoEmailRequest'];
      };
    };
    responses: {
      /** @description Success, without a body. */
      204: {
        content?: never;
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code:
              'invalid_account_token' | 'malformed_request' | 'malformed_json' | 'json_too_deep' | 'validation_failed';
          };
        };
      };
      409: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'email_taken';
          };
        };
      };
      413: {
        content: {
          'application/problem+json': components['schemas']['PayloadTooLargeProblem'];
        };
      };
      415: {
        content: {
          'application/problem+json': components['schemas']['UnsupportedMediaTypeProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  resendConfirmation: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['ResendConfirmationRequest'];
      };
    };
    responses: {
      /** @description Accepted: the rest happens later. */
      202: {
        content: {
          'application/json': components['schemas']['MessageResponse'];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['InvalidBodyProblem'];
        };
      };
      413: {
        content: {
          'application/problem+json': components['schemas']['PayloadTooLargeProblem'];
        };
      };
      415: {
        content: {
          'application/problem+json': components['schemas']['UnsupportedMediaTypeProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  stepUp: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['StepUpRequest'];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['StepUpResponse'];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['InvalidBodyProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code:
              'wrong_password' | 'wrong_second_factor' | 'step_up_required' | 'account_disabled' | 'insufficient_scope';
          };
        };
      };
      413: {
        content: {
          'application/problem+json': components['schemas']['PayloadTooLargeProblem'];
        };
      };
      415: {
        content: {
          'application/problem+json': components['schemas']['UnsupportedMediaTypeProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  getSecondFactors: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['SecondFactorsResponse'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientScopeProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  renewRecoveryCodes: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['RecoveryCodesResponse'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['StepUpProblem'];
        };
      };
      409: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'no_second_factor';
          };
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  beginTotp: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Created. */
      201: {
        content: {
          'application/json': components['schemas']['TotpEnrolmentResponse'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['StepUpProblem'];
        };
      };
      409: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'totp_enabled';
          };
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  removeTotp: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success, without a body. */
      204: {
        content?: never;
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['StepUpProblem'];
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'totp_not_enabled';
          };
        };
      };
      409: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'second_factor_kept';
          };
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  confirmTotp: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['ConfirmTotpRequest'];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['RecoveryCodesResponse'];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['InvalidBodyProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'wrong_second_factor' | 'insufficient_scope';
          };
        };
      };
      409: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'totp_not_begun';
          };
        };
      };
      413: {
        content: {
          'application/problem+json': components['schemas']['PayloadTooLargeProblem'];
        };
      };
      415: {
        content: {
          'application/problem+json': components['schemas']['UnsupportedMediaTypeProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  listPasskeys: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['PasskeyResponse'][];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientScopeProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  createPasskey: {
    parameters: {
      query?: never;
      header?: {
        /** @description Makes the request safe to repeat: 1 to 255 printable characters of ASCII, quoted or not, random for each request. For 24 hours the same key with the same body gives the first answer again. */
        'Idempotency-Key'?: string;
      };
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['CreatePasskeyRequest'];
      };
    };
    responses: {
      /** @description Created. */
      201: {
        content: {
          'application/json': components['schemas']['CreatedPasskeyResponse'];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['InvalidBodyProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientScopeProblem'];
        };
      };
      409: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'invalid_passkey' | 'passkey_exists' | 'too_many_passkeys' | 'idempotency_key_in_use';
          };
        };
      };
      413: {
        content: {
          'application/problem+json': components['schemas']['PayloadTooLargeProblem'];
        };
      };
      415: {
        content: {
          'application/problem+json': components['schemas']['UnsupportedMediaTypeProblem'];
        };
      };
      422: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'idempotency_key_reused';
          };
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'idempotency_key_unreadable' | 'database_unavailable' | 'overloaded' | 'starting' | 'draining';
          };
        };
      };
    };
  };
  removePasskey: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        passkey_id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success, without a body. */
      204: {
        content?: never;
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['StepUpProblem'];
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'passkey_not_found' | 'route_not_found';
          };
        };
      };
      409: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'second_factor_kept';
          };
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  renamePasskey: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        passkey_id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['RenamePasskeyRequest'];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['PasskeyResponse'];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['InvalidBodyProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientScopeProblem'];
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'passkey_not_found' | 'route_not_found';
          };
        };
      };
      413: {
        content: {
          'application/problem+json': components['schemas']['PayloadTooLargeProblem'];
        };
      };
      415: {
        content: {
          'application/problem+json': components['schemas']['UnsupportedMediaTypeProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  beginPasskeyCreation: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['PasskeyOptionsResponse'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['StepUpProblem'];
        };
      };
      409: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'passkeys_unavailable';
          };
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  listRevocations: {
    parameters: {
      query?: {
        /** @description From the `Link` header of the page before; without it, everything that still matters. */
        after?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A page. */
      200: {
        content: {
          'application/json': components['schemas']['RevocationResponse'][];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'malformed_request' | 'validation_failed';
          };
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'authentication_required' | 'invalid_token';
          };
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  getOwnProfile: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['AccountResponse'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientScopeProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  deleteOwnAccount: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['DeleteAccountRequest'];
      };
    };
    responses: {
      /** @description Accepted: the rest happens later. */
      202: {
        content: {
          'application/json': components['schemas']['DeletionResponse'];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['MalformedBodyProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'wrong_password' | 'account_disabled' | 'insufficient_scope' | 'step_up_required';
          };
        };
      };
      409: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'last_admin';
          };
        };
      };
      413: {
        content: {
          'application/problem+json': components['schemas']['PayloadTooLargeProblem'];
        };
      };
      415: {
        content: {
          'application/problem+json': components['schemas']['UnsupportedMediaTypeProblem'];
        };
      };
      422: {
        content: {
          'application/problem+json': components['schemas']['InvalidProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  updateOwnProfile: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['UpdateProfileRequest'];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['AccountResponse'];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['MalformedBodyProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientScopeProblem'];
        };
      };
      409: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'username_taken';
          };
        };
      };
      413: {
        content: {
          'application/problem+json': components['schemas']['PayloadTooLargeProblem'];
        };
      };
      415: {
        content: {
          'application/problem+json': components['schemas']['UnsupportedMediaTypeProblem'];
        };
      };
      422: {
        content: {
          'application/problem+json': components['schemas']['InvalidProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  changeEmail: {
    parameters: {
      query?: never;
      header?: {
        /** @description Makes the request safe to repeat: 1 to 255 printable characters of ASCII, quoted or not, random for each request. For 24 hours the same key with the same body gives the first answer again. */
        'Idempotency-Key'?: string;
      };
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['ChangeEmailRequest'];
      };
    };
    responses: {
      /** @description Accepted: the rest happens later. */
      202: {
        content: {
          'application/json': components['schemas']['MessageResponse'];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['MalformedBodyProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'wrong_password' | 'account_disabled' | 'insufficient_scope' | 'step_up_required';
          };
        };
      };
      409: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'email_taken' | 'idempotency_key_in_use';
          };
        };
      };
      413: {
        content: {
          'application/problem+json': components['schemas']['PayloadTooLargeProblem'];
        };
      };
      415: {
        content: {
          'application/problem+json': components['schemas']['UnsupportedMediaTypeProblem'];
        };
      };
      422: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'validation_failed' | 'idempotency_key_reused';
          };
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'idempotency_key_unreadable' | 'database_unavailable' | 'overloaded' | 'starting' | 'draining';
          };
        };
      };
    };
  };
  listOwnActivity: {
    parameters: {
      query?: {
        /** @description Rows a page. */
        limit?: number;
        /** @description From the `Link` header of the page before. */
        cursor?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A page. */
      200: {
        content: {
          'application/json': components['schemas']['ActivityResponse'][];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['MalformedQueryProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientScopeProblem'];
        };
      };
      422: {
        content: {
          'application/problem+json': components['schemas']['InvalidProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  exportOwnData: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['ExportResponse'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientScopeProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  deleteOwnAccountByPost: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['DeleteAccountRequest'];
      };
    };
    responses: {
      /** @description Accepted: the rest happens later. */
      202: {
        content: {
          'application/json': components['schemas']['DeletionResponse'];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['MalformedBodyProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'wrong_password' | 'account_disabled' | 'insufficient_scope' | 'step_up_required';
          };
        };
      };
      409: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'last_admin';
          };
        };
      };
      413: {
        content: {
          'application/problem+json': components['schemas']['PayloadTooLargeProblem'];
        };
      };
      415: {
        content: {
          'application/problem+json': components['schemas']['UnsupportedMediaTypeProblem'];
        };
      };
      422: {
        content: {
          'application/problem+json': components['schemas']['InvalidProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  listTasks: {
    parameters: {
      query?: {
        /** @description Only completed, or only open tasks. */
        completed?: boolean;
        /** @description Only tasks whose title or description contains this text, without regard to case. */
        q?: string;
        /** @description `-` is descending; equal keys are ordered by id. */
        sort?: '-created_at' | 'created_at' | '-updated_at' | 'title';
        /** @description Rows a page. */
        limit?: number;
        /** @description From the `Link` header of the page before; holds for the same sort and the same caller. */
        cursor?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A page. */
      200: {
        content: {
          'application/json': components['schemas']['TaskResponse'][];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['MalformedQueryProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientScopeProblem'];
        };
      };
      422: {
        content: {
          'application/problem+json': components['schemas']['InvalidProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  createTask: {
    parameters: {
      query?: never;
      header?: {
        /** @description Makes the request safe to repeat: 1 to 255 printable characters of ASCII, quoted or not, random for each request. For 24 hours the same key with the same body gives the first answer again. */
        'Idempotency-Key'?: string;
      };
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['CreateTaskRequest'];
      };
    };
    responses: {
      /** @description Created. */
      201: {
        content: {
          'application/json': components['schemas']['TaskResponse'];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['MalformedBodyProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientScopeProblem'];
        };
      };
      409: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'idempotency_key_in_use';
          };
        };
      };
      413: {
        content: {
          'application/problem+json': components['schemas']['PayloadTooLargeProblem'];
        };
      };
      415: {
        content: {
          'application/problem+json': components['schemas']['UnsupportedMediaTypeProblem'];
        };
      };
      422: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'validation_failed' | 'idempotency_key_reused';
          };
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'idempotency_key_unreadable' | 'database_unavailable' | 'overloaded' | 'starting' | 'draining';
          };
        };
      };
    };
  };
  getTask: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        task_id: number;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['TaskResponse'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'task_forbidden' | 'insufficient_scope';
          };
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'task_not_found' | 'route_not_found';
          };
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  updateTask: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        task_id: number;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['UpdateTaskRequest'];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['TaskResponse'];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['MalformedBodyProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'task_forbidden' | 'insufficient_scope';
          };
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'task_not_found' | 'route_not_found';
          };
        };
      };
      413: {
        content: {
          'application/problem+json': components['schemas']['PayloadTooLargeProblem'];
        };
      };
      415: {
        content: {
          'application/problem+json': components['schemas']['UnsupportedMediaTypeProblem'];
        };
      };
      422: {
        content: {
          'application/problem+json': components['schemas']['InvalidProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  deleteTask: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        task_id: number;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['MessageResponse'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'task_forbidden' | 'insufficient_scope';
          };
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'task_not_found' | 'route_not_found';
          };
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  completeTask: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        task_id: number;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['CompleteTaskRequest'];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['TaskResponse'];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['MalformedBodyProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'task_forbidden' | 'insufficient_scope';
          };
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'task_not_found' | 'route_not_found';
          };
        };
      };
      413: {
        content: {
          'application/problem+json': components['schemas']['PayloadTooLargeProblem'];
        };
      };
      415: {
        content: {
          'application/problem+json': components['schemas']['UnsupportedMediaTypeProblem'];
        };
      };
      422: {
        content: {
          'application/problem+json': components['schemas']['InvalidProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  listTimeline: {
    parameters: {
      query?: {
        /** @description Posts a page. */
        limit?: number;
        /** @description From the `Link` header of the page before. */
        cursor?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A page. */
      200: {
        content: {
          'application/json': components['schemas']['PostResponse'][];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['MalformedQueryProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientScopeProblem'];
        };
      };
      422: {
        content: {
          'application/problem+json': components['schemas']['InvalidProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  streamTimeline: {
    parameters: {
      query?: never;
      header?: {
        /** @description The id that came last: what was posted since comes first. */
        'Last-Event-ID'?: string;
      };
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /**
       * @description Server-sent events until the token expires or its session ends: `post` (a post, as in `GET /timeline`),
       *     `reset` (what came between is not known any more: read the first page), `end` (`{code, detail}`, the last one).
       */
      200: {
        content: {
          'text/event-stream': string;
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientScopeProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'too_many_streams' | 'rate_limited';
          };
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  createPost: {
    parameters: {
      query?: never;
      header?: {
        /** @description Makes the request safe to repeat: 1 to 255 printable characters of ASCII, quoted or not, random for each request. For 24 hours the same key with the same body gives the first answer again. */
        'Idempotency-Key'?: string;
      };
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['CreatePostRequest'];
      };
    };
    responses: {
      /** @description Created. */
      201: {
        content: {
          'application/json': components['schemas']['PostResponse'];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['MalformedBodyProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientScopeProblem'];
        };
      };
      409: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'idempotency_key_in_use';
          };
        };
      };
      413: {
        content: {
          'application/problem+json': components['schemas']['PayloadTooLargeProblem'];
        };
      };
      415: {
        content: {
          'application/problem+json': components['schemas']['UnsupportedMediaTypeProblem'];
        };
      };
      422: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'validation_failed' | 'idempotency_key_reused';
          };
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'idempotency_key_unreadable' | 'database_unavailable' | 'overloaded' | 'starting' | 'draining';
          };
        };
      };
    };
  };
  getPost: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        post_id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['PostResponse'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientScopeProblem'];
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'post_not_found' | 'route_not_found';
          };
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  deletePost: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        post_id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['MessageResponse'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'post_forbidden' | 'insufficient_scope';
          };
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'post_not_found' | 'route_not_found';
          };
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  searchPeople: {
    parameters: {
      query: {
        /** @description People a page. */
        limit?: number;
        /** @description From the `Link` header of the page before. */
        cursor?: string;
        /**
         * @description Text in the username or the name, taken literally and without regard to case; what has no three letters or digits in a
         *     row is found at the beginning only.
         */
        q: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A page. */
      200: {
        content: {
          'application/json': components['schemas']['PersonResponse'][];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['MalformedQueryProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientScopeProblem'];
        };
      };
      422: {
        content: {
          'application/problem+json': components['schemas']['InvalidProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  getPerson: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        username: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['ProfileResponse'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientScopeProblem'];
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['UserNotFoundProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  listPersonPosts: {
    parameters: {
      query?: {
        /** @description Posts a page. */
        limit?: number;
        /** @description From the `Link` header of the page before. */
        cursor?: string;
      };
      header?: never;
      path: {
        username: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A page. */
      200: {
        content: {
          'application/json': components['schemas']['PostResponse'][];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['MalformedQueryProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientScopeProblem'];
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['UserNotFoundProblem'];
        };
      };
      422: {
        content: {
          'application/problem+json': components['schemas']['InvalidProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  listFollowers: {
    parameters: {
      query?: {
        /** @description People a page. */
        limit?: number;
        /** @description From the `Link` header of the page before. */
        cursor?: string;
      };
      header?: never;
      path: {
        username: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A page. */
      200: {
        content: {
          'application/json': components['schemas']['PersonResponse'][];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['MalformedQueryProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientScopeProblem'];
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['UserNotFoundProblem'];
        };
      };
      422: {
        content: {
          'application/problem+json': components['schemas']['InvalidProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  listFollowing: {
    parameters: {
      query?: {
        /** @description People a page. */
        limit?: number;
        /** @description From the `Link` header of the page before. */
        cursor?: string;
      };
      header?: never;
      path: {
        username: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A page. */
      200: {
        content: {
          'application/json': components['schemas']['PersonResponse'][];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['MalformedQueryProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientScopeProblem'];
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['UserNotFoundProblem'];
        };
      };
      422: {
        content: {
          'application/problem+json': components['schemas']['InvalidProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  followPerson: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        username: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success, without a body. */
      204: {
        content?: never;
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'user_blocked' | 'insufficient_scope';
          };
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['UserNotFoundProblem'];
        };
      };
      422: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'not_oneself' | 'follow_limit_reached';
          };
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  unfollowPerson: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        username: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success, without a body. */
      204: {
        content?: never;
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientScopeProblem'];
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['UserNotFoundProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  mutePerson: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        username: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success, without a body. */
      204: {
        content?: never;
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientScopeProblem'];
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['UserNotFoundProblem'];
        };
      };
      422: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'not_oneself';
          };
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  unmutePerson: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        username: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success, without a body. */
      204: {
        content?: never;
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientScopeProblem'];
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['UserNotFoundProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  blockPerson: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        username: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success, without a body. */
      204: {
        content?: never;
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientScopeProblem'];
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['UserNotFoundProblem'];
        };
      };
      422: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'not_oneself';
          };
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  unblockPerson: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        username: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success, without a body. */
      204: {
        content?: never;
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientScopeProblem'];
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['UserNotFoundProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  listMutes: {
    parameters: {
      query?: {
        /** @description People a page. */
        limit?: number;
        /** @description From the `Link` header of the page before. */
        cursor?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A page. */
      200: {
        content: {
          'application/json': components['schemas']['PersonResponse'][];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['MalformedQueryProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientScopeProblem'];
        };
      };
      422: {
        content: {
          'application/problem+json': components['schemas']['InvalidProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  listBlocks: {
    parameters: {
      query?: {
        /** @description People a page. */
        limit?: number;
        /** @description From the `Link` header of the page before. */
        cursor?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A page. */
      200: {
        content: {
          'application/json': components['schemas']['PersonResponse'][];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['MalformedQueryProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientScopeProblem'];
        };
      };
      422: {
        content: {
          'application/problem+json': components['schemas']['InvalidProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  listUsers: {
    parameters: {
      query?: {
        /** @description Rows a page. */
        limit?: number;
        /** @description From the `Link` header of the page before. */
        cursor?: string;
        /** @description Only accounts whose e-mail, username or name contains this text, without regard to case, or whose id it is. */
        q?: string;
        role?: 'user' | 'moderator' | 'admin';
        status?: 'active' | 'disabled';
        /** @description Whether the owner of the address has confirmed it. */
        confirmed?: boolean;
        /** @description Whether it is going to be deleted. */
        deleting?: boolean;
        /** @description Not created before this date or time. */
        created_from?: string;
        /** @description Created before this date or time. */
        created_to?: string;
        /** @description `-` is descending; equal keys are ordered by id. */
        sort?: '-created_at' | 'created_at' | 'email' | 'username';
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A page. */
      200: {
        content: {
          'application/json': components['schemas']['UserResponse'][];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['MalformedQueryProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientRoleProblem'];
        };
      };
      422: {
        content: {
          'application/problem+json': components['schemas']['InvalidProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  inviteUser: {
    parameters: {
      query?: never;
      header?: {
        /** @description Makes the request safe to repeat: 1 to 255 printable characters of ASCII, quoted or not, random for each request. For 24 hours the same key with the same body gives the first answer again. */
        'Idempotency-Key'?: string;
      };
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['InviteUserRequest'];
      };
    };
    responses: {
      /** @description Created. */
      201: {
        content: {
          'application/json': components['schemas']['UserResponse'];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['MalformedBodyProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientProofProblem'];
        };
      };
      409: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'email_taken' | 'username_taken' | 'idempotency_key_in_use';
          };
        };
      };
      413: {
        content: {
          'application/problem+json': components['schemas']['PayloadTooLargeProblem'];
        };
      };
      415: {
        content: {
          'application/problem+json': components['schemas']['UnsupportedMediaTypeProblem'];
        };
      };
      422: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'validation_failed' | 'idempotency_key_reused';
          };
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'idempotency_key_unreadable' | 'database_unavailable' | 'overloaded' | 'starting' | 'draining';
          };
        };
      };
    };
  };
  getUser: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        user_id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['UserResponse'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientRoleProblem'];
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['UserNotFoundProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  deleteUser: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        user_id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Accepted: the rest happens later. */
      202: {
        content: {
          'application/json': components['schemas']['DeletionResponse'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code:
              | 'own_account'
              | 'insufficient_role'
              | 'second_factor_required'
              | 'insufficient_scope'
              | 'step_up_required';
          };
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['UserNotFoundProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  changeUserRole: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        user_id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['ChangeRoleRequest'];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['UserResponse'];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['MalformedBodyProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code:
              | 'own_account'
              | 'insufficient_role'
              | 'second_factor_required'
              | 'insufficient_scope'
              | 'step_up_required';
          };
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['UserNotFoundProblem'];
        };
      };
      409: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'user_deleted' | 'user_disabled' | 'user_unconfirmed';
          };
        };
      };
      413: {
        content: {
          'application/problem+json': components['schemas']['PayloadTooLargeProblem'];
        };
      };
      415: {
        content: {
          'application/problem+json': components['schemas']['UnsupportedMediaTypeProblem'];
        };
      };
      422: {
        content: {
          'application/problem+json': components['schemas']['InvalidProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  listUserSessions: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        user_id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['SessionResponse'][];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientRoleProblem'];
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['UserNotFoundProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  disableUser: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        user_id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['DisableUserRequest'];
      };
    };
    responses: {
      /** @description Success, without a body. */
      204: {
        content?: never;
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['MalformedBodyProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code:
              | 'own_account'
              | 'insufficient_role'
              | 'second_factor_required'
              | 'insufficient_scope'
              | 'step_up_required';
          };
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['UserNotFoundProblem'];
        };
      };
      413: {
        content: {
          'application/problem+json': components['schemas']['PayloadTooLargeProblem'];
        };
      };
      415: {
        content: {
          'application/problem+json': components['schemas']['UnsupportedMediaTypeProblem'];
        };
      };
      422: {
        content: {
          'application/problem+json': components['schemas']['InvalidProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  enableUser: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        user_id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success, without a body. */
      204: {
        content?: never;
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code:
              | 'own_account'
              | 'insufficient_role'
              | 'second_factor_required'
              | 'insufficient_scope'
              | 'step_up_required';
          };
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['UserNotFoundProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  logOutUser: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        user_id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success, without a body. */
      204: {
        content?: never;
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientProofProblem'];
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['UserNotFoundProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  sendUserPasswordLink: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        user_id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success, without a body. */
      204: {
        content?: never;
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientProofProblem'];
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['UserNotFoundProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  resetUserSecondFactors: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        user_id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success, without a body. */
      204: {
        content?: never;
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code:
              | 'own_account'
              | 'insufficient_role'
              | 'second_factor_required'
              | 'insufficient_scope'
              | 'step_up_required';
          };
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['UserNotFoundProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  listUserTokens: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        user_id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['TokenResponse'][];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientRoleProblem'];
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['UserNotFoundProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  revokeUserToken: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        user_id: string;
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success, without a body. */
      204: {
        content?: never;
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientProofProblem'];
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'user_not_found' | 'token_not_found' | 'route_not_found';
          };
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  restorePost: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        post_id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['PostResponse'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientRoleProblem'];
        };
      };
      404: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'post_not_found' | 'route_not_found';
          };
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  listAuditEvents: {
    parameters: {
      query?: {
        /** @description Rows a page. */
        limit?: number;
        /** @description From the `Link` header of the page before. */
        cursor?: string;
        /** @description UUID of who did it. */
        actor?: string;
        /** @description UUID of whose account it is about. */
        subject?: string;
        action?:
          | 'user.registered'
          | 'user.registration_refused'
          | 'user.taken_over'
          | 'login.succeeded'
          | 'login.failed'
          | 'login.throttled'
          | 'login.email_requested'
          | 'login.second_factor_asked'
          | 'step_up.succeeded'
          | 'step_up.failed'
          | 'second_factor.added'
          | 'second_factor.removed'
          | 'second_factors.reset'
          | 'passkey.added'
          | 'passkey.removed'
          | 'passkey.copied'
          | 'recovery_codes.renewed'
          | 'recovery_code.used'
          | 'session.ended'
          | 'session.reused'
          | 'password.changed'
          | 'password.change_failed'
          | 'password.reset_requested'
          | 'password.reset'
          | 'email.confirmed'
          | 'email.change_requested'
          | 'email.change_failed'
          | 'email.changed'
          | 'email.change_undone'
          | 'user.invited'
          | 'user.renamed'
          | 'user.exported'
          | 'user.deletion_requested'
          | 'user.deletion_failed'
          | 'user.deletion_cancelled'
          | 'user.erased'
          | 'user.role_changed'
          | 'user.disabled'
          | 'user.enabled'
          | 'user.logged_out'
          | 'token.created'
          | 'token.revoked'
          | 'post.deleted'
          | 'post.restored';
        /** @description Not before this date or time. */
        from?: string;
        /** @description Before this date or time. */
        to?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A page. */
      200: {
        content: {
          'application/json': components['schemas']['AuditEventResponse'][];
        };
      };
      400: {
        content: {
          'application/problem+json': components['schemas']['MalformedQueryProblem'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientRoleProblem'];
        };
      };
      422: {
        content: {
          'application/problem+json': components['schemas']['InvalidProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  getStats: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['StatsResponse'];
        };
      };
      401: {
        content: {
          'application/problem+json': components['schemas']['UnauthenticatedProblem'];
        };
      };
      403: {
        content: {
          'application/problem+json': components['schemas']['InsufficientRoleProblem'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
  getLiveness: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['HealthResponse'];
        };
      };
    };
  };
  getReadiness: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['HealthResponse'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @enum {string} */
            code: 'database_unavailable' | 'starting' | 'draining';
          };
        };
      };
    };
  };
  getJwks: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        content: {
          'application/json': components['schemas']['JwksResponse'];
        };
      };
      429: {
        content: {
          'application/problem+json': components['schemas']['RateLimitedProblem'];
        };
      };
      500: {
        content: {
          'application/problem+json': components['schemas']['InternalErrorProblem'];
        };
      };
      503: {
        content: {
          'application/problem+json': components['schemas']['UnavailableProblem'];
        };
      };
    };
  };
}
