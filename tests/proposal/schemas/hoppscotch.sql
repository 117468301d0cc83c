-- Hoppscotch (commit afc2cf181), a workbench for APIs shared by teams, MIT.
-- Tables, keys and references alone, as `landfall init` reads them; see LICENCES.md.

CREATE TYPE "MockServerAction" AS ENUM ('CREATED', 'DELETED', 'ACTIVATED', 'DEACTIVATED');

CREATE TYPE "ReqType" AS ENUM ('REST', 'GQL');

CREATE TYPE "TeamAccessRole" AS ENUM ('OWNER', 'VIEWER', 'EDITOR');

CREATE TYPE "WorkspaceType" AS ENUM ('USER', 'TEAM');

CREATE TABLE "Account" (
  id text NOT NULL,
  "userId" text NOT NULL,
  provider text NOT NULL,
  "providerAccountId" text NOT NULL,
  "providerRefreshToken" text,
  "providerAccessToken" text,
  "providerScope" text,
  "loggedIn" timestamp(3) with time zone NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE "InfraConfig" (
  id text NOT NULL,
  name text NOT NULL,
  value text,
  "createdOn" timestamp(3) with time zone NOT NULL,
  "updatedOn" timestamp(3) with time zone NOT NULL,
  "isEncrypted" boolean NOT NULL,
  "lastSyncedEnvFileValue" text,
  PRIMARY KEY (id)
);

CREATE TABLE "InfraToken" (
  id text NOT NULL,
  "creatorUid" text NOT NULL,
  label text NOT NULL,
  token text NOT NULL,
  "expiresOn" timestamp(3) with time zone,
  "createdOn" timestamp(3) with time zone NOT NULL,
  "updatedOn" timestamp(3) with time zone NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE "InvitedUsers" (
  "adminUid" text NOT NULL,
  "adminEmail" text NOT NULL,
  "inviteeEmail" text NOT NULL,
  "invitedOn" timestamp(3) with time zone NOT NULL
);

CREATE TABLE "MockServer" (
  id text NOT NULL,
  name text NOT NULL,
  subdomain text NOT NULL,
  "creatorUid" text,
  "collectionID" text NOT NULL,
  "workspaceType" "WorkspaceType" NOT NULL,
  "workspaceID" text NOT NULL,
  "delayInMs" integer NOT NULL,
  "isPublic" boolean NOT NULL,
  "isActive" boolean NOT NULL,
  "hitCount" integer NOT NULL,
  "lastHitAt" timestamp(3) with time zone,
  "createdOn" timestamp(3) with time zone NOT NULL,
  "updatedOn" timestamp(3) with time zone NOT NULL,
  "deletedAt" timestamp(3) with time zone,
  PRIMARY KEY (id)
);

CREATE TABLE "MockServerActivity" (
  id text NOT NULL,
  "mockServerID" text NOT NULL,
  action "MockServerAction" NOT NULL,
  "performedBy" text,
  "performedAt" timestamp(3) with time zone NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE "MockServerLog" (
  id text NOT NULL,
  "mockServerID" text NOT NULL,
  "requestMethod" text NOT NULL,
  "requestPath" text NOT NULL,
  "requestHeaders" jsonb NOT NULL,
  "requestBody" jsonb,
  "requestQuery" jsonb,
  "responseStatus" integer NOT NULL,
  "responseHeaders" jsonb NOT NULL,
  "responseBody" jsonb,
  "responseTime" integer NOT NULL,
  "ipAddress" text,
  "userAgent" text,
  "executedAt" timestamp(3) with time zone NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE "PersonalAccessToken" (
  id text NOT NULL,
  "userUid" text NOT NULL,
  label text NOT NULL,
  token text NOT NULL,
  "expiresOn" timestamp(3) with time zone,
  "createdOn" timestamp(3) with time zone NOT NULL,
  "updatedOn" timestamp(3) with time zone NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE "PublishedDocs" (
  id text NOT NULL,
  title text NOT NULL,
  "collectionID" text NOT NULL,
  "creatorUid" text NOT NULL,
  version text NOT NULL,
  "autoSync" boolean NOT NULL,
  "documentTree" jsonb,
  "workspaceType" "WorkspaceType" NOT NULL,
  "workspaceID" text NOT NULL,
  metadata jsonb,
  "createdOn" timestamp(3) with time zone NOT NULL,
  "updatedOn" timestamp(3) with time zone NOT NULL,
  slug text NOT NULL,
  "environmentID" text,
  "environmentName" text,
  "environmentVariables" jsonb,
  PRIMARY KEY (id)
);

CREATE TABLE "Shortcode" (
  id text NOT NULL,
  request jsonb NOT NULL,
  "creatorUid" text,
  "createdOn" timestamp(3) with time zone NOT NULL,
  "embedProperties" jsonb,
  "updatedOn" timestamp(3) with time zone NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE "Team" (
  id text NOT NULL,
  name text NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE "TeamCollection" (
  id text NOT NULL,
  "parentID" text,
  "teamID" text NOT NULL,
  title text NOT NULL,
  "orderIndex" integer NOT NULL,
  "createdOn" timestamp(3) with time zone NOT NULL,
  "updatedOn" timestamp(3) with time zone NOT NULL,
  data jsonb,
  PRIMARY KEY (id)
);

CREATE TABLE "TeamEnvironment" (
  id text NOT NULL,
  "teamID" text NOT NULL,
  name text NOT NULL,
  variables jsonb NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE "TeamInvitation" (
  id text NOT NULL,
  "teamID" text NOT NULL,
  "creatorUid" text NOT NULL,
  "inviteeEmail" text NOT NULL,
  "inviteeRole" "TeamAccessRole" NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE "TeamMember" (
  id text NOT NULL,
  role "TeamAccessRole" NOT NULL,
  "userUid" text NOT NULL,
  "teamID" text NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE "TeamRequest" (
  id text NOT NULL,
  "collectionID" text NOT NULL,
  "teamID" text NOT NULL,
  title text NOT NULL,
  request jsonb NOT NULL,
  "orderIndex" integer NOT NULL,
  "createdOn" timestamp(3) with time zone NOT NULL,
  "updatedOn" timestamp(3) with time zone NOT NULL,
  "mockExamples" jsonb,
  PRIMARY KEY (id)
);

CREATE TABLE "User" (
  uid text NOT NULL,
  "displayName" text,
  email text,
  "photoURL" text,
  "isAdmin" boolean NOT NULL,
  "refreshToken" text,
  "currentRESTSession" jsonb,
  "currentGQLSession" jsonb,
  "createdOn" timestamp(3) with time zone NOT NULL,
  "lastLoggedOn" timestamp(3) with time zone,
  "lastActiveOn" timestamp(3) with time zone,
  PRIMARY KEY (uid)
);

CREATE TABLE "UserCollection" (
  id text NOT NULL,
  "parentID" text,
  "userUid" text NOT NULL,
  title text NOT NULL,
  "orderIndex" integer NOT NULL,
  type "ReqType" NOT NULL,
  "createdOn" timestamp(3) with time zone NOT NULL,
  "updatedOn" timestamp(3) with time zone NOT NULL,
  data jsonb,
  PRIMARY KEY (id)
);

CREATE TABLE "UserEnvironment" (
  id text NOT NULL,
  "userUid" text NOT NULL,
  name text,
  variables jsonb NOT NULL,
  "isGlobal" boolean NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE "UserHistory" (
  id text NOT NULL,
  "userUid" text NOT NULL,
  "reqType" "ReqType" NOT NULL,
  request jsonb NOT NULL,
  "responseMetadata" jsonb NOT NULL,
  "isStarred" boolean NOT NULL,
  "executedOn" timestamp(3) with time zone NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE "UserRequest" (
  id text NOT NULL,
  "collectionID" text NOT NULL,
  "userUid" text NOT NULL,
  title text NOT NULL,
  request jsonb NOT NULL,
  type "ReqType" NOT NULL,
  "orderIndex" integer NOT NULL,
  "createdOn" timestamp(3) with time zone NOT NULL,
  "updatedOn" timestamp(3) with time zone NOT NULL,
  "mockExamples" jsonb,
  PRIMARY KEY (id)
);

CREATE TABLE "UserSettings" (
  id text NOT NULL,
  "userUid" text NOT NULL,
  properties jsonb NOT NULL,
  "updatedOn" timestamp(3) with time zone NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE "VerificationToken" (
  "deviceIdentifier" text NOT NULL,
  token text NOT NULL,
  "userUid" text NOT NULL,
  "expiresOn" timestamp(3) with time zone NOT NULL
);

ALTER TABLE "Account" ADD FOREIGN KEY ("userId") REFERENCES "User"(uid);
ALTER TABLE "InvitedUsers" ADD FOREIGN KEY ("adminUid") REFERENCES "User"(uid);
ALTER TABLE "MockServer" ADD FOREIGN KEY ("creatorUid") REFERENCES "User"(uid);
ALTER TABLE "MockServerActivity" ADD FOREIGN KEY ("mockServerID") REFERENCES "MockServer"(id);
ALTER TABLE "MockServerLog" ADD FOREIGN KEY ("mockServerID") REFERENCES "MockServer"(id);
ALTER TABLE "PersonalAccessToken" ADD FOREIGN KEY ("userUid") REFERENCES "User"(uid);
ALTER TABLE "Shortcode" ADD FOREIGN KEY ("creatorUid") REFERENCES "User"(uid);
ALTER TABLE "TeamCollection" ADD FOREIGN KEY ("parentID") REFERENCES "TeamCollection"(id);
ALTER TABLE "TeamCollection" ADD FOREIGN KEY ("teamID") REFERENCES "Team"(id);
ALTER TABLE "TeamEnvironment" ADD FOREIGN KEY ("teamID") REFERENCES "Team"(id);
ALTER TABLE "TeamInvitation" ADD FOREIGN KEY ("teamID") REFERENCES "Team"(id);
ALTER TABLE "TeamMember" ADD FOREIGN KEY ("teamID") REFERENCES "Team"(id);
ALTER TABLE "TeamRequest" ADD FOREIGN KEY ("collectionID") REFERENCES "TeamCollection"(id);
ALTER TABLE "TeamRequest" ADD FOREIGN KEY ("teamID") REFERENCES "Team"(id);
ALTER TABLE "UserCollection" ADD FOREIGN KEY ("parentID") REFERENCES "UserCollection"(id);
ALTER TABLE "UserCollection" ADD FOREIGN KEY ("userUid") REFERENCES "User"(uid);
ALTER TABLE "UserEnvironment" ADD FOREIGN KEY ("userUid") REFERENCES "User"(uid);
ALTER TABLE "UserHistory" ADD FOREIGN KEY ("userUid") REFERENCES "User"(uid);
ALTER TABLE "UserRequest" ADD FOREIGN KEY ("collectionID") REFERENCES "UserCollection"(id);
ALTER TABLE "UserRequest" ADD FOREIGN KEY ("userUid") REFERENCES "User"(uid);
ALTER TABLE "UserSettings" ADD FOREIGN KEY ("userUid") REFERENCES "User"(uid);
ALTER TABLE "VerificationToken" ADD FOREIGN KEY ("userUid") REFERENCES "User"(uid);
