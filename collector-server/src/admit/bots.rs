//! Recognises crawlers by their user agent.

/// Parts of the user agents of crawlers, previewers and monitors, in lower case. Tagging is the default
/// and refusing a choice, so the list prefers to miss one over blaming a person.
const MARKS: [&str; 21] = [
    "bot",
    "crawl",
    "spider",
    "slurp",
    "facebookexternalhit",
    "bingpreview",
    "lighthouse",
    "headlesschrome",
    "phantomjs",
    "pingdom",
    "uptime",
    "monitoring",
    "preview",
    "scrap",
    "curl/",
    "wget/",
    "python-requests",
    "go-http-client",
    "okhttp",
    "axios/",
    "node-fetch",
];

/// Phones whose names hold a mark.
const PEOPLE: [&str; 1] = ["cubot"];

/// Whether a user agent is that of a known crawler.
pub fn is_crawler(user_agent: &str) -> bool {
    let matches_at = |at: usize, mark: &str| {
        user_agent
            .as_bytes()
            .get(at..at + mark.len())
            .is_some_and(|part| part.eq_ignore_ascii_case(mark.as_bytes()))
    };
    let holds = |mark: &str| (0..user_agent.len()).any(|at| matches_at(at, mark));
    MARKS.iter().any(|mark| holds(mark)) && !PEOPLE.iter().any(|name| holds(name))
}

#[cfg(test)]
mod tests {
    use super::is_crawler;

    #[test]
    fn crawlers_are_known_and_people_are_not_blamed() {
        for (agent, want) in [
            (
                "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
                true,
            ),
            ("facebookexternalhit/1.1", true),
            ("Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/140.0", true),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/605.1.15",
                false,
            ),
            (
                "Mozilla/5.0 (Linux; Android 13; CUBOT P80) Chrome/140.0",
                false,
            ),
            ("", false),
        ] {
            assert_eq!(is_crawler(agent), want, "{agent}");
        }
    }
}
