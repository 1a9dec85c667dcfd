//! What the scopes of well-known providers allow, in words, and which of them a server should rarely need.

/// The scopes of a provider that have a description here.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScopeDescriptions(&'static [(&'static str, &'static str)]);

impl ScopeDescriptions {
    pub(super) fn sentence(self, scope: &str) -> Option<&'static str> {
        self.0.iter().find(|(name, _)| *name == scope).map(|(_, sentence)| *sentence)
    }
}

const OFFLINE: (&str, &str) = ("offline_access", "Keep this access until you revoke it");

/// OpenID Connect Core 5.4 and 11.
pub(super) const OPENID: ScopeDescriptions = ScopeDescriptions(&[
    ("openid", "Know that it is you"),
    ("profile", "See your name and picture"),
    ("email", "See your e-mail address"),
    ("address", "See your postal address"),
    ("phone", "See your telephone number"),
    OFFLINE,
]);

/// docs.github.com, "Scopes for OAuth apps".
pub(super) const GITHUB: ScopeDescriptions = ScopeDescriptions(&[
    ("repo", "Read and change all your repositories, including private ones"),
    ("public_repo", "Read and change your public repositories"),
    ("repo:status", "Read and set the status of commits"),
    ("read:user", "Read your profile"),
    ("user", "Read and change your profile"),
    ("user:email", "Read your e-mail addresses"),
    ("user:follow", "Follow and unfollow people for you"),
    ("read:org", "See your organizations and teams"),
    ("write:org", "Change projects and memberships of your organizations"),
    ("admin:org", "Manage your organizations and teams"),
    ("delete_repo", "Delete your repositories"),
    ("gist", "Create and change gists for you"),
    ("notifications", "Read and mark your notifications"),
    ("workflow", "Change the GitHub Actions of your repositories"),
    ("read:project", "See your projects"),
    ("project", "See and change your projects"),
    ("read:packages", "Download packages"),
    ("write:packages", "Upload packages"),
    ("codespace", "Use and manage your codespaces"),
]);

/// developers.google.com, "OAuth 2.0 Scopes for Google APIs".
pub(super) const GOOGLE: ScopeDescriptions = ScopeDescriptions(&[
    ("openid", "Know that it is you"),
    ("profile", "See your name and picture"),
    ("email", "See your e-mail address"),
    ("https://www.googleapis.com/auth/userinfo.profile", "See your name and picture"),
    ("https://www.googleapis.com/auth/userinfo.email", "See your e-mail address"),
    ("https://www.googleapis.com/auth/drive.readonly", "Read all your files in Google Drive"),
    ("https://www.googleapis.com/auth/drive.file", "Use the files in Google Drive that you open with it"),
    ("https://www.googleapis.com/auth/drive", "Read, change and delete all your files in Google Drive"),
    ("https://www.googleapis.com/auth/calendar.readonly", "Read your calendars"),
    ("https://www.googleapis.com/auth/calendar", "Read and change your calendars"),
    ("https://www.googleapis.com/auth/calendar.events", "Read and change events in your calendars"),
    ("https://www.googleapis.com/auth/gmail.readonly", "Read your mail"),
    ("https://www.googleapis.com/auth/gmail.send", "Send mail for you"),
    ("https://www.googleapis.com/auth/gmail.modify", "Read, write and send your mail"),
    ("https://mail.google.com/", "Read, write, send and delete all your mail"),
    ("https://www.googleapis.com/auth/spreadsheets.readonly", "Read your spreadsheets"),
    ("https://www.googleapis.com/auth/spreadsheets", "Read and change your spreadsheets"),
    ("https://www.googleapis.com/auth/documents.readonly", "Read your documents"),
    ("https://www.googleapis.com/auth/documents", "Read and change your documents"),
    ("https://www.googleapis.com/auth/contacts.readonly", "Read your contacts"),
    ("https://www.googleapis.com/auth/tasks", "Read and change your tasks"),
]);

/// learn.microsoft.com, "Microsoft Graph permissions reference".
pub(super) const GRAPH: ScopeDescriptions = ScopeDescriptions(&[
    ("openid", "Know that it is you"),
    ("profile", "See your name"),
    ("email", "See your e-mail address"),
    OFFLINE,
    ("User.Read", "Read your profile"),
    ("User.ReadBasic.All", "See the names of everyone in your organization"),
    ("Mail.Read", "Read your mail"),
    ("Mail.ReadWrite", "Read, write and delete your mail"),
    ("Mail.Send", "Send mail for you"),
    ("Calendars.Read", "Read your calendars"),
    ("Calendars.ReadWrite", "Read and change your calendars"),
    ("Contacts.Read", "Read your contacts"),
    ("Files.Read", "Read your files"),
    ("Files.Read.All", "Read all files that you can open"),
    ("Files.ReadWrite", "Read, change and delete your files"),
    ("Tasks.ReadWrite", "Read and change your tasks"),
    ("Team.ReadBasic.All", "See the names of your teams"),
    ("Sites.Read.All", "Read all sites that you can open"),
]);

/// Scopes that can do much harm, by the beginning or end of their names.
const BROAD_STARTS: &[&str] = &["admin:", "manage_billing:", "delete:", "https://www.googleapis.com/auth/admin."];
const BROAD_ENDS: &[&str] = &[".ReadWrite.All", ".FullControl.All", ".AccessAsUser.All", "/.default"];
const BROAD: &[&str] = &[
    "delete_repo",
    "site_admin",
    ".default",
    "https://mail.google.com/",
    "https://www.googleapis.com/auth/drive",
    "https://www.googleapis.com/auth/gmail.modify",
    "https://www.googleapis.com/auth/cloud-platform",
];

/// True if a server needs a good reason for it.
fn is_broad(scope: &str) -> bool {
    BROAD.contains(&scope)
        || BROAD_STARTS.iter().any(|start| scope.starts_with(start))
        || BROAD_ENDS.iter().any(|end| scope.ends_with(end))
}

/// A sentence for each scope that is broader than most servers need.
pub(super) fn warnings(scopes: &[String]) -> Vec<String> {
    let broad = scopes.iter().filter(|scope| is_broad(scope));
    let warning = |scope: &String| {
        format!(
            "The scope {scope} gives this server extensive access. Request less if you can: see the provider's list of scopes."
        )
    };
    broad.map(warning).collect()
}
