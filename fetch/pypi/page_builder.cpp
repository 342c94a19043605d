#include "fetch/pypi/page_builder.hpp"

#include <algorithm>
#include <numeric>

#include "fetch/packing.hpp"
#include "fetch/url.hpp"

namespace aimlock::pypi {
namespace {

constexpr std::uint32_t none = 0xffffffff;

/// Where the tags of a wheel's name begin: behind the third '-' from its end; npos: it has fewer.
std::size_t tag_begin(std::string_view stem) {
    std::size_t at = std::string_view::npos;
    for (int dash = 0; dash < 3; ++dash) {
        if (at == 0) return std::string_view::npos;
        at = stem.rfind('-', at == std::string_view::npos ? at : at - 1);
        if (at == std::string_view::npos) return at;
    }
    return at + 1;
}

/// One search of the whole text for each character: `find_first_of` looks each letter of it up.
bool holds_none(std::string_view text, std::string_view characters) {
    return std::ranges::none_of(characters, [&](char c) { return text.find(c) != std::string_view::npos; });
}

/// The entry of `text` in a table that texts are numbered into, new or known.
template <class Add>
std::uint32_t numbered(TextId text, std::vector<std::uint32_t>& of_text, Add add) {
    if (text.index >= of_text.size()) of_text.resize(text.index + 64, none);
    if (of_text[text.index] == none) of_text[text.index] = add();
    return of_text[text.index];
}

}  // namespace

TextId PageBuilder::intern(std::string_view text, Last& last) {
    if (text.empty()) return {};
    if (text != last.text) {
        last.id = texts_.intern(text);
        last.text = text;
    }
    return last.id;
}

std::uint32_t PageBuilder::version(std::string_view text) {
    const TextId id = intern(text, last_version_);
    return numbered(id, version_of_text_, [&] {
        versions_.push_back(id);
        return static_cast<std::uint32_t>(versions_.size() - 1);
    });
}

bool PageBuilder::wants(std::string_view file_name) {
    // A name from a server must not leave its folder or forge a line; such a file does not exist for us.
    const auto bad = [](unsigned char c) { return c <= 0x20 || c == 0x7f || c == '/' || c == '\\'; };
    if (file_name.starts_with('.') || std::ranges::any_of(file_name, bad)) return false;
    const std::string_view its_version = version_in_file_name(file_name);
    if (its_version.empty()) return false;
    if (file_name.ends_with(".whl")) return true;
    version(its_version);
    return file_name.ends_with(".tar.gz") || file_name.ends_with(".zip");
}

template <class Packed>
void PageBuilder::place_url(std::string_view url, Packed& packed) {
    // Indexes that serve from one host name a folder a file: https://host/packages/ + aa/bb/cc…/
    const std::size_t host = url.find("://");
    const std::size_t path = host == std::string_view::npos ? host : url.find('/', host + 3);
    const std::size_t first = path == std::string_view::npos ? path : url.find('/', path + 1);
    const std::size_t prefix = first == std::string_view::npos ? 0 : first + 1;
    packed.prefix = intern(url.substr(0, prefix), last_prefix_).index;
    packed.middle_at = static_cast<std::uint32_t>(middles_.size());
    packed.middle_size = static_cast<std::uint32_t>(url.size() - prefix);
    middles_.append(url.substr(prefix));
}

std::string PageBuilder::absolute(std::string_view url) {
    // Of relative references, all of a page mostly lie in one folder: that is resolved once.
    const std::size_t slash = url.rfind('/');
    const std::string_view name = slash == std::string_view::npos ? url : url.substr(slash + 1);
    const bool simple = url.starts_with("../") && holds_none(url, "#@?:") && !name.starts_with('.');
    if (!simple) return without_credentials(join_url(url_, url));
    const std::string_view folder = url.substr(0, slash + 1);
    if (folder != last_folder_) {
        last_folder_ = folder;
        last_folder_url_ = without_credentials(join_url(url_, folder));
    }
    return last_folder_url_ + std::string(name);
}

template <class Packed>
bool PageBuilder::place(const ListedFile& file, std::string_view stem, Packed& packed) {
    std::string joined;
    std::string_view url = file.url;
    const bool plain = url.starts_with("https://") && holds_none(url, "#@?");
    if (!plain) url = joined = absolute(url);
    if (!is_url(url) || (is_file_url(url) && !is_file_url(url_)))
        return false;  // a server names no file of ours

    packed.upload_time_ms = file.upload_time_ms;
    packed.size_bytes = file.size_bytes;
    packed.sha256 = file.sha256;
    packed.flags = file.yanked ? PackedWheel::is_yanked : 0U;
    packed.requires_python = intern(file.requires_python, last_python_).index;
    packed.yanked_reason = intern(file.yanked_reason, last_reason_).index;
    const TextId head = intern(stem, last_head_);
    packed.head = numbered(head, head_of_text_, [&] {
        heads_.push_back({head.index, version(version_in_file_name(file.file_name))});
        return static_cast<std::uint32_t>(heads_.size() - 1);
    });
    if (url.ends_with(file.file_name)) {
        url.remove_suffix(file.file_name.size());
    } else {
        packed.flags |= PackedWheel::url_without_name;
    }
    place_url(url, packed);
    return true;
}

void PageBuilder::add(const ListedFile& file) {
    if (!file.file_name.ends_with(".whl")) {
        const bool zip = file.file_name.ends_with(".zip");
        const std::string_view end = zip ? ".zip" : ".tar.gz";
        PackedSdist sdist;
        if (!place(file, file.file_name.substr(0, file.file_name.size() - end.size()), sdist)) return;
        if (zip) sdist.flags |= PackedSdist::is_zip;
        return sdists_.push_back(sdist);
    }
    const std::string_view stem = file.file_name.substr(0, file.file_name.size() - 4);
    const std::size_t tags = tag_begin(stem);
    PackedWheel wheel;
    if (!place(file, stem.substr(0, tags == std::string_view::npos ? tags : tags - 1), wheel)) return;
    wheel.core_metadata_sha256 = file.core_metadata_sha256;
    if (file.has_core_metadata) wheel.flags |= PackedWheel::announces_metadata;
    const TextId tag =
        intern(tags == std::string_view::npos ? std::string_view{} : stem.substr(tags), last_tag_);
    wheel.tag = numbered(tag, tag_of_text_, [&] {
        tags_.push_back(tag);
        return static_cast<std::uint32_t>(tags_.size() - 1);
    });
    wheels_.push_back(wheel);
}

std::string PageBuilder::finish() {
    if (status_ == "quarantined") {  // PEP 792: offers nothing
        wheels_.clear();
        sdists_.clear();
        versions_.clear();
        heads_.clear();
        tags_.clear();
        middles_.clear();
    }
    const TextId status = texts_.intern(status_);
    // Sorted, as what is said of unusable versions is.
    std::vector<std::uint32_t> order(versions_.size());
    std::iota(order.begin(), order.end(), 0U);
    std::ranges::sort(order, {}, [&](std::uint32_t v) { return texts_[versions_[v]]; });
    std::vector<std::uint32_t> place(order.size());
    std::vector<std::uint32_t> version_texts;
    for (std::uint32_t i = 0; i < order.size(); ++i) {
        place[order[i]] = i;
        version_texts.push_back(versions_[order[i]].index);
    }
    for (PackedHead& head : heads_) head.version = place[head.version];
    std::vector<std::uint32_t> ends;
    std::string bytes;
    for (std::uint32_t i = 0; i < texts_.size(); ++i) {
        bytes += texts_[TextId{i}];
        ends.push_back(static_cast<std::uint32_t>(bytes.size()));
    }
    PackedPage page;
    page.texts = static_cast<std::uint32_t>(ends.size());
    page.text_bytes = static_cast<std::uint32_t>(bytes.size());
    page.versions = static_cast<std::uint32_t>(version_texts.size());
    page.tags = static_cast<std::uint32_t>(tags_.size());
    page.heads = static_cast<std::uint32_t>(heads_.size());
    page.wheels = static_cast<std::uint32_t>(wheels_.size());
    page.sdists = static_cast<std::uint32_t>(sdists_.size());
    page.middle_bytes = static_cast<std::uint32_t>(middles_.size());
    page.status = status.index;
    Packer packer;
    packer.value(page);
    packer.array(ends.data(), ends.size());
    packer.array(bytes.data(), bytes.size());
    packer.align(8);
    packer.array(version_texts.data(), version_texts.size());
    packer.array(tags_.data(), tags_.size());
    packer.align(8);
    packer.array(heads_.data(), heads_.size());
    packer.array(wheels_.data(), wheels_.size());
    packer.array(sdists_.data(), sdists_.size());
    packer.array(middles_.data(), middles_.size());
    return packer.take();
}

}  // namespace aimlock::pypi
