#include <algorithm>
#include <charconv>
#include <map>

#include <fmt/format.h>

#include "fetch/pypi/page_builder.hpp"
#include "fetch/url.hpp"
#include "solver/version/ascii.hpp"

namespace aimlock::pypi {
namespace {

void append_utf8(std::string& out, std::uint32_t code) {
    const auto byte = [&out](std::uint32_t value) { out += static_cast<char>(value); };
    if (code < 0x80) {
        byte(code);
    } else if (code < 0x800) {
        byte(0xc0U | code >> 6U);
        byte(0x80U | (code & 0x3fU));
    } else if (code < 0x10000) {
        byte(0xe0U | code >> 12U);
        byte(0x80U | (code >> 6U & 0x3fU));
        byte(0x80U | (code & 0x3fU));
    } else if (code < 0x110000) {
        byte(0xf0U | code >> 18U);
        byte(0x80U | (code >> 12U & 0x3fU));
        byte(0x80U | (code >> 6U & 0x3fU));
        byte(0x80U | (code & 0x3fU));
    }
}

/// Attribute values and link texts hold `&gt;=3.8` and the like.
std::string unescaped(std::string_view text) {
    static const std::map<std::string_view, char> named{{"amp", '&'},  {"lt", '<'},    {"gt", '>'},
                                                        {"quot", '"'}, {"apos", '\''}, {"nbsp", ' '}};
    std::string out;
    while (!text.empty()) {
        const std::size_t amp = std::min(text.find('&'), text.size());
        out.append(text.substr(0, amp));
        text.remove_prefix(amp);
        if (text.empty()) break;
        const std::size_t end = text.substr(0, 12).find(';');
        const std::string_view word =
            end == std::string_view::npos ? std::string_view{} : text.substr(1, end - 1);
        if (const auto found = named.find(word); found != named.end()) {
            out += found->second;
        } else if (word.starts_with('#') && word.size() > 1) {
            const bool hex = word[1] == 'x' || word[1] == 'X';
            std::uint32_t code = 0xfffd;
            std::from_chars(word.data() + (hex ? 2 : 1), word.data() + word.size(), code, hex ? 16 : 10);
            append_utf8(out, code);
        } else {
            out += '&';
            text.remove_prefix(1);
            continue;
        }
        text.remove_prefix(end + 1);
    }
    return out;
}

using Attributes = std::map<std::string, std::string, std::less<>>;

/// Reads the attributes of a tag; `rest` begins behind its name and is moved behind its `>`.
Attributes read_attributes(std::string_view& rest) {
    Attributes attributes;
    const auto skip_blanks = [&rest] {
        while (!rest.empty() && (is_space(rest[0]) || rest[0] == '/')) rest.remove_prefix(1);
    };
    for (skip_blanks(); !rest.empty() && rest[0] != '>'; skip_blanks()) {
        const std::size_t name_end = std::min(rest.find_first_of(" \t\r\n=>/", 1), rest.size());
        const std::string name = to_lower(rest.substr(0, name_end));
        rest.remove_prefix(name_end);
        const std::size_t next = std::min(rest.find_first_not_of(" \t\r\n"), rest.size());
        std::string value;
        if (next < rest.size() && rest[next] == '=') {
            rest.remove_prefix(next + 1);
            rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n"), rest.size()));
            const bool quoted = !rest.empty() && (rest[0] == '"' || rest[0] == '\'');
            const std::size_t end = quoted ? rest.find(rest[0], 1) : rest.find_first_of(" \t\r\n>");
            const std::size_t stop = std::min(end, rest.size());
            value = unescaped(rest.substr(quoted ? 1 : 0, stop - (quoted ? 1 : 0)));
            rest.remove_prefix(std::min(stop + (quoted ? 1 : 0), rest.size()));
        }
        attributes.emplace(name, std::move(value));
    }
    if (!rest.empty()) rest.remove_prefix(1);
    return attributes;
}

Sha256 sha256_in(std::string_view text) {
    if (!text.starts_with("sha256=")) return {};
    return Sha256::from_hex(text.substr(7)).value_or(Sha256{});
}

ListedFile file_of_link(const Attributes& attributes, std::string_view file_name) {
    ListedFile file;
    file.file_name = file_name;
    const auto get = [&attributes](std::string_view name) -> const std::string* {
        const auto found = attributes.find(name);
        return found == attributes.end() ? nullptr : &found->second;
    };
    if (const std::string* href = get("href")) {
        const std::size_t hash = href->find('#');
        file.url = std::string_view(*href).substr(0, hash);
        if (hash != std::string::npos) file.sha256 = sha256_in(std::string_view(*href).substr(hash + 1));
    }
    if (const std::string* python = get("data-requires-python")) file.requires_python = *python;
    if (const std::string* yanked = get("data-yanked")) {
        file.yanked = true;
        file.yanked_reason = *yanked;
    }
    const std::string* metadata = get("data-core-metadata");
    if (metadata == nullptr) metadata = get("data-dist-info-metadata");
    if (metadata != nullptr && *metadata != "false") {
        file.has_core_metadata = true;
        file.core_metadata_sha256 = sha256_in(*metadata);
    }
    return file;
}

std::string name_in_address(const Attributes& attributes) {
    const auto href = attributes.find("href");
    if (href == attributes.end()) return {};
    std::string_view path = href->second;
    path = path.substr(0, path.find_first_of("?#"));
    return percent_decoded(path.substr(path.rfind('/') + 1));  // npos + 1: all of it
}

/// The page as tags come by.
struct HtmlReader {
    PageBuilder builder;
    std::string base;  // of <base href>
    unsigned links = 0;
    unsigned files = 0;
    bool says_it_is_an_index = false;
    bool any_links = false;  // of a page that is no index: the address names the file, the text is free

    void link(const Attributes& attributes, std::string_view text) {
        ++links;
        const std::string name = any_links ? name_in_address(attributes) : unescaped(strip(text));
        if (version_in_file_name(name).empty()) return;
        ++files;
        if (!builder.wants(name)) return;
        ListedFile file = file_of_link(attributes, name);
        std::string joined;
        if (!base.empty()) file.url = joined = join_url(base, file.url);
        builder.add(file);
    }

    void meta(const Attributes& attributes) {
        const auto name = attributes.find("name");
        const auto content = attributes.find("content");
        if (name == attributes.end() || content == attributes.end()) return;
        if (name->second == "pypi:project-status") builder.set_status(content->second);
        if (name->second.starts_with("pypi:")) says_it_is_an_index = true;
    }
};

void read_tags(HtmlReader& reader, std::string_view rest, const std::string& url) {
    while (!rest.empty()) {
        const std::size_t open = rest.find('<');
        if (open == std::string_view::npos) break;
        rest.remove_prefix(open + 1);
        if (rest.starts_with("!--")) {
            const std::size_t end = rest.find("-->");
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 3);
            continue;
        }
        const std::size_t name_end = std::min(rest.find_first_of(" \t\r\n>/", 1), rest.size());
        const std::string tag = to_lower(rest.substr(0, name_end));
        rest.remove_prefix(name_end);
        if (tag != "a" && tag != "base" && tag != "meta") continue;
        const Attributes attributes = read_attributes(rest);
        if (tag == "a") {
            const std::size_t end = std::min(rest.find('<'), rest.size());
            reader.link(attributes, rest.substr(0, end));
        } else if (tag == "base") {
            const auto href = attributes.find("href");
            if (href != attributes.end()) reader.base = join_url(url, href->second);
        } else {
            reader.meta(attributes);
        }
    }
}

}  // namespace

Result<std::string> pack_html_page(std::string_view body, const std::string& url) {
    HtmlReader reader{PageBuilder(url), {}, 0, 0, body.find("Links for") != std::string_view::npos};
    read_tags(reader, body, url);
    if (reader.files == 0 && !reader.says_it_is_an_index) {
        return fail(
            ErrorCode::index,
            shown_url(url) + ": a web page came in the place of the index page: a captive portal or a login?",
            "Open the address in a browser, and check the index address");
    }
    return reader.builder.finish();
}

Result<std::string> pack_link_page(std::string_view body, const std::string& url) {
    HtmlReader reader{PageBuilder(url), {}, 0, 0, false, true};
    read_tags(reader, body, url);
    if (reader.files == 0) {
        return fail(ErrorCode::index,
                    shown_url(url) + ": no link of this page names a wheel or a source distribution",
                    "Open the address in a browser, and check `find-links`");
    }
    return reader.builder.finish();
}

}  // namespace aimlock::pypi
