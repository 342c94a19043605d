#pragma once

// Inner header: what the JSON and the HTML reader share.

#include <string_view>
#include <unordered_map>

#include "fetch/pypi/simple_page.hpp"

namespace aimlock::pypi {

/// Collects the files of one page. The names it is given must live until `finish`.
class PageBuilder {
public:
    PageBuilder(const PageOrigin& origin, const PageFilter& filter);

    /// True where the file is a wheel whose name passes: then the reader goes on to its other fields and
    /// calls `add`.
    bool wants(std::string_view file_name);
    /// Adds a wanted wheel, unless the cut-off takes it. `file.url` is as written in the page.
    void add(WheelFile file);
    void set_status(std::string_view status);
    ProjectPage finish();

private:
    // Ordered: a version is called by the most telling reason of its files.
    enum class Seen : std::uint8_t { sdist_only, no_matching_wheel, after_cutoff, kept };
    void note(std::string_view version, Seen seen);

    const PageFilter& filter_;
    const PageOrigin& origin_;
    ProjectPage page_;
    std::unordered_map<std::string_view, Seen> versions_;
    std::string_view last_version_;  // files of one version lie together: most lookups are saved
    Seen* last_seen_ = nullptr;
    std::string_view wanted_version_;
};

Result<ProjectPage> parse_json_page(std::string_view body,
                                    const PageOrigin& origin,
                                    const PageFilter& filter);
Result<ProjectPage> parse_html_page(std::string_view body,
                                    const PageOrigin& origin,
                                    const PageFilter& filter);

}  // namespace aimlock::pypi
