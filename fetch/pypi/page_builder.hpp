#pragma once

// Inner header: what the JSON and the HTML reader share.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fetch/pypi/packed_page.hpp"
#include "fetch/pypi/simple_page.hpp"
#include "solver/base/interner.hpp"

namespace aimlock::pypi {

/// A file as a page lists it. Views of the reader: they need not outlive `PageBuilder::add`.
struct ListedFile {
    std::string_view file_name;
    std::string_view url;  ///< as written, without fragment where the reader knows it
    std::string_view requires_python;
    std::string_view yanked_reason;
    Sha256 sha256;
    Sha256 core_metadata_sha256;
    std::uint64_t size_bytes = 0;
    std::int64_t upload_time_ms = 0;
    bool yanked = false;
    bool has_core_metadata = false;
};

/// Packs the files of one page as they come by.
class PageBuilder {
public:
    /// `url`: what relative references are relative to.
    explicit PageBuilder(std::string_view url) : url_(url) {}

    /// True where the file is a wheel or sdist that may be listed: then the reader goes on to its other
    /// fields and calls `add`.
    bool wants(std::string_view file_name);
    void add(const ListedFile& file);
    void set_status(std::string_view status) { status_ = status; }
    /// The packed page (packed_page.hpp).
    std::string finish();

private:
    /// The last text of one field and its id: neighbours share most of theirs.
    struct Last {
        std::string text;
        TextId id;
    };
    TextId intern(std::string_view text, Last& last);
    std::uint32_t version(std::string_view text);
    std::string absolute(std::string_view url);
    /// What wheels and sdists have in common; false where the address is not to be taken.
    template <class Packed>
    bool place(const ListedFile& file, std::string_view stem, Packed& packed);
    template <class Packed>
    void place_url(std::string_view url, Packed& packed);

    std::string_view url_;
    std::string status_;
    Interner texts_;
    std::vector<std::uint32_t> version_of_text_;  // by text id; no_version
    std::vector<TextId> versions_;
    std::vector<std::uint32_t> head_of_text_;  // by text id; no_head
    std::vector<PackedHead> heads_;
    std::vector<std::uint32_t> tag_of_text_;
    std::vector<TextId> tags_;
    std::vector<PackedWheel> wheels_;
    std::vector<PackedSdist> sdists_;
    std::string middles_;
    std::string last_folder_, last_folder_url_;  // of relative references
    Last last_version_, last_head_, last_tag_, last_python_, last_reason_, last_prefix_;
};

/// The readers: each fails with code `index` on what is no index page.
Result<std::string> pack_json_page(std::string_view body, const std::string& url);
Result<std::string> pack_html_page(std::string_view body, const std::string& url);
/// A page that links to files of any projects; the last part of a link's address is the file's name.
Result<std::string> pack_link_page(std::string_view body, const std::string& url);

}  // namespace aimlock::pypi
