#include "fetch/live_metadata.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <future>
#include <set>
#include <unordered_map>

#include <fmt/format.h>

#include "fetch/packing.hpp"
#include "fetch/pypi/archive_facts.hpp"
#include "fetch/pypi/link_folder.hpp"
#include "fetch/pypi/metadata_ladder.hpp"
#include "fetch/pypi/simple_page.hpp"
#include "fetch/pypi/wheel_code.hpp"
#include "fetch/url.hpp"
#include "solver/spec/package_name.hpp"
#include "solver/spec/wheel.hpp"

namespace aimlock {
namespace {

constexpr const char* names_form = "names 1";
constexpr const char* page_accept =
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01";

/// Fails where an archive does not hold what its address was written for.
Result<void> check_name(const std::string& wanted, std::string_view held, const std::string& url) {
    if (normalize_pypi_name(held) == wanted) return {};
    return fail(ErrorCode::index, fmt::format("{}: it holds `{}`, not `{}`", shown_url(url), held, wanted),
                "Write the name that it holds, or another address");
}

/// An index may be a folder: then its pages are files.
std::string as_url(const std::string& index) {
    if (is_url(index)) return index;
    std::error_code failed;
    const std::filesystem::path folder = std::filesystem::absolute(index, failed).lexically_normal();
    return without_trailing_slashes(file_url_of(folder));
}

}  // namespace

struct LiveMetadata::State : std::enable_shared_from_this<State> {
    State(FetchSession& fetch, LiveMetadataOptions given)
        : session(fetch),
          options(std::move(given)),
          ladder(fetch),
          archives(fetch, options.read_project),
          filter{options.keep, options.exclude_newer_ms, true, false} {
        bytes_before = session.transfer().counts().bytes;
        for (std::string& index : options.indexes)
            index = without_trailing_slashes(session.learn(as_url(index)));
        for (auto& [name, index] : options.pins)
            index = without_trailing_slashes(session.learn(as_url(index)));
        for (auto& [name, address] : options.direct) {
            if (address.kind != ArtifactKind::git) address.url = session.learn(address.url);
            constexpr std::string_view git = "git+";
            if (address.url.starts_with("git+https://"))
                address.url = std::string(git) + session.learn(address.url.substr(git.size()));
        }
    }

    FetchSession& session;
    LiveMetadataOptions options;
    MetadataLadder ladder;
    ArchiveReader archives;
    PageFilter filter;
    std::atomic<std::uint64_t> pages{0};
    std::uint64_t bytes_before = 0;

    mutable std::mutex mutex;
    std::condition_variable arrived;
    std::deque<Arrival> arrivals;
    std::size_t pending = 0;
    std::unordered_map<std::string, CoreMetadata> known;  // by wheel URL: what workers brought

    /// A page that was asked for before the solver did.
    struct Early {
        bool wanted = false;  // by now the solver waits for it
        std::optional<PageArrived> arrived;
    };
    std::map<std::string, Early> early;
    std::set<std::string> asked_names;
    std::set<std::string> remembered;  // of the last run with this hint
    std::atomic<bool> asks_a_server{false};
    bool guessed = false;

    [[nodiscard]] std::string hint_key() const {
        std::string key = "names-of:" + options.hint;
        for (const std::string& index : options.indexes) key += "\n" + index;
        return key;
    }

    /// Asks for all pages that this request needed last time, so that they are revalidated in one round trip.
    void guess() {
        guessed = true;
        if (options.hint.empty()) return;
        const auto cached = session.cache().find(hint_key());
        if (!cached || cached->coding != names_form) return;
        Unpacker in(cached->body);
        while (in.good() && in.left() != 0) remembered.emplace(in.text());
        for (const std::string& name : remembered) {
            if (asked_names.contains(name)) continue;
            {
                const std::lock_guard lock(mutex);
                early.try_emplace(name);
            }
            ask_index(name, 0);
        }
    }

    void remember() {
        if (options.hint.empty() || !asks_a_server || asked_names == remembered) return;
        Packer packer;
        for (const std::string& name : asked_names) packer.text(name);
        const std::string names = packer.take();
        CachedDocument document;
        document.coding = names_form;
        document.body = names;
        (void)session.cache().store(hint_key(), document);  // a cache that cannot be written was told of
    }

    /// The page that was asked for early: pushed when it is here, or marked as wanted. False: it was not.
    bool take_early(const std::string& name) {
        const std::lock_guard lock(mutex);
        const auto found = early.find(name);
        if (found == early.end() || found->second.wanted) return false;
        found->second.wanted = true;
        if (found->second.arrived) {
            arrivals.emplace_back(std::move(*found->second.arrived));
            early.erase(found);
        }
        return true;
    }

    void deliver(Arrival arrival) {
        const std::lock_guard lock(mutex);
        if (auto* page = std::get_if<PageArrived>(&arrival)) {
            const auto found = early.find(page->name);
            if (found != early.end() && !found->second.wanted) {
                found->second.arrived = std::move(*page);
                return;
            }
        }
        if (const auto* metadata = std::get_if<MetadataArrived>(&arrival);
            metadata != nullptr && metadata->metadata) {
            known.emplace(metadata->wheel_url, *metadata->metadata);
        }
        arrivals.push_back(std::move(arrival));
        arrived.notify_one();
    }

    std::vector<std::string> indexes_for(const std::string& name) const {
        const auto pinned = options.pins.find(name);
        return pinned == options.pins.end() ? options.indexes : std::vector<std::string>{pinned->second};
    }

    [[nodiscard]] PageFilter filter_for(const std::string& name) const {
        PageFilter own = filter;
        own.wheels = options.sources.takes_wheels(name);
        own.sdists = options.sources.may_build(name);
        return own;
    }

    void ask_index(const std::string& name, std::size_t which) {
        if (const auto direct = options.direct.find(name); direct != options.direct.end())
            return ask_direct(name, direct->second);
        const std::vector<std::string> indexes = indexes_for(name);
        if (which == indexes.size()) return deliver_page(name, ProjectPage{name, {}, false, {}, {}, {}});
        const std::string& index = indexes[which];
        DocumentRequest request;
        request.url = index + "/" + name + "/";
        if (is_file_url(index))
            request.url += std::filesystem::exists(path_of_file_url(request.url) / "index.json")
                               ? "index.json"
                               : "index.html";
        request.accept = page_accept;
        request.remember_absence = true;
        request.form = packed_page_form;
        request.condense = &pack_simple_page;
        auto page = std::make_shared<std::optional<ProjectPage>>();  // unpacked once, as the check
        request.check = [self = shared_from_this(), page, name, index](std::string_view packed) {
            *page = self->options.sources.is_default()
                        ? unpack_page(packed, {name, index, {}}, self->filter)
                        : unpack_page(packed, {name, index, {}}, self->filter_for(name));
            return *page ? Result<void>{} : fail(ErrorCode::internal, "a packed page cannot be read");
        };
        // A page that needs no request costs less than waking a worker for it.
        if (const auto document = session.at_hand(request))
            return take_document(*document, *page, name, which);
        if (!is_file_url(index)) asks_a_server = true;
        session.ask(std::move(request),
                    [self = shared_from_this(), page, name, which](Result<Document> document) {
                        if (document && !document->from_cache) ++self->pages;
                        if (document) return self->take_document(*document, *page, name, which);
                        self->deliver(PageArrived{name, tl::make_unexpected(std::move(document.error()))});
                    });
    }

    void take_document(const Document& document,
                       std::optional<ProjectPage>& page,
                       const std::string& name,
                       std::size_t which) {
        if (!document.exists) return ask_index(name, which + 1);
        deliver_page(name, std::move(*page));
    }

    void deliver_page(const std::string& name, ProjectPage page) {
        if (page.exists == false && options.indexes.empty() && options.find_links.empty() &&
            options.link_pages.empty()) {
            return deliver(PageArrived{name, fail(ErrorCode::usage, "no PyPI index is configured",
                                                  "Give `--index URL`, or set PIP_INDEX_URL")});
        }
        for (const std::string& folder : options.find_links) {
            if (auto added = add_files_of_folder(folder, filter_for(name), page); !added) {
                return deliver(PageArrived{name, tl::make_unexpected(std::move(added.error()))});
            }
        }
        for (const auto& links : options.link_pages) add_files_of_page(*links, filter_for(name), page);
        deliver(PageArrived{name, std::move(page)});
    }

    /// The page of a project that an address names: the one file there. What its hash vouches for is read
    /// as any wheel; else all of it is, for the lock must hold a hash.
    void ask_direct(const std::string& name, const DirectUrl& address) {
        WheelFile file;
        file.url = address.locked();
        file.kind = address.kind;
        file.direct = true;
        file.subdirectory = address.subdirectory;
        file.sha256 = address.sha256;
        file.file_name = percent_decoded(file.url.substr(file.url.rfind('/') + 1));
        if (address.kind == ArtifactKind::wheel) {
            const auto wheel = WheelName::parse(file.file_name);
            if (!wheel) return deliver(PageArrived{name, tl::make_unexpected(wheel.error())});
            if (auto same = check_name(name, wheel->name, file.url); !same)
                return deliver(PageArrived{name, tl::make_unexpected(same.error())});
            if (file.sha256.known() && !is_file_url(file.url)) return deliver_direct(name, address, file);
        }
        archives.ask({file.url, file.kind, file.sha256, file.subdirectory},
                     [self = shared_from_this(), name, address, file](Result<ArchiveFacts> facts) {
                         self->take_direct(name, address, file, std::move(facts));
                     });
    }

    void take_direct(const std::string& name,
                     const DirectUrl& address,
                     WheelFile file,
                     Result<ArchiveFacts> facts) {
        if (!facts) return deliver(PageArrived{name, tl::make_unexpected(std::move(facts.error()))});
        if (!facts->metadata.unusable.empty()) {
            return deliver(PageArrived{
                name, fail(ErrorCode::index, fmt::format("{}: these sources cannot be used: {}",
                                                         shown_url(file.url), facts->metadata.unusable))});
        }
        if (auto same = check_name(name, facts->metadata.name, file.url); !same)
            return deliver(PageArrived{name, tl::make_unexpected(same.error())});
        file.sha256 = facts->sha256;
        file.size_bytes = facts->size_bytes;
        // The name of a branch's archive says nothing; what is inside does.
        if (file.kind != ArtifactKind::wheel)
            file.file_name = name + "-" + facts->metadata.version + ".tar.gz";
        {
            const std::lock_guard lock(mutex);
            known.emplace(file.url, std::move(facts->metadata));
        }
        deliver_direct(name, address, std::move(file));
    }

    void deliver_direct(const std::string& name, const DirectUrl& address, WheelFile file) {
        ProjectPage page{name, address.place(), true, {}, {}, {}};
        page.wheels.push_back(std::move(file));
        deliver(PageArrived{name, std::move(page)});
    }

    /// Metadata of sources: all of the archive is read, nothing of it is run.
    void ask_sources(const WheelFile& file) {
        archives.ask({file.url, file.kind, file.sha256, file.subdirectory},
                     [self = shared_from_this(), file](Result<ArchiveFacts> facts) {
                         self->deliver(MetadataArrived{file.url, sources_metadata(file, std::move(facts))});
                     });
    }

    static Result<CoreMetadata> sources_metadata(const WheelFile& file, Result<ArchiveFacts> facts) {
        if (!facts) return tl::make_unexpected(std::move(facts.error()));
        CoreMetadata& metadata = facts->metadata;
        const auto named = SdistName::parse(file.file_name);
        const auto version = Pep440Version::parse(metadata.version);
        const bool same = named && version && normalize_pypi_name(metadata.name) == named->name &&
                          *version == named->version;
        if (!same && metadata.unusable.empty())
            metadata.unusable = fmt::format("they hold {} {}", metadata.name, metadata.version);
        return std::move(metadata);
    }
};

LiveMetadata::LiveMetadata(FetchSession& session, LiveMetadataOptions options)
    : state_(std::make_shared<State>(session, std::move(options))) {}

LiveMetadata::~LiveMetadata() {
    state_->remember();
}

void LiveMetadata::ask_page(const std::string& normalized_name) {
    {
        const std::lock_guard lock(state_->mutex);
        ++state_->pending;
    }
    state_->asked_names.insert(normalized_name);
    if (state_->take_early(normalized_name)) return;
    state_->ask_index(normalized_name, 0);
    if (state_->asks_a_server && !state_->guessed && !state_->session.options().offline) state_->guess();
}

void LiveMetadata::ask_metadata(const WheelFile& wheel) {
    {
        const std::lock_guard lock(state_->mutex);
        ++state_->pending;
        if (const auto found = state_->known.find(wheel.url); found != state_->known.end()) {
            state_->arrivals.emplace_back(MetadataArrived{wheel.url, found->second});
            return;
        }
    }
    if (wheel.kind != ArtifactKind::wheel) {
        auto facts = state_->archives.at_hand({wheel.url, wheel.kind, wheel.sha256, wheel.subdirectory});
        if (!facts) return state_->ask_sources(wheel);
        const std::lock_guard lock(state_->mutex);
        state_->arrivals.emplace_back(
            MetadataArrived{wheel.url, State::sources_metadata(wheel, std::move(*facts))});
        return;
    }
    if (auto metadata = state_->ladder.at_hand(wheel)) {
        const std::lock_guard lock(state_->mutex);
        state_->arrivals.emplace_back(MetadataArrived{wheel.url, std::move(*metadata)});
        return;
    }
    state_->ladder.ask(wheel, [state = state_, url = wheel.url](Result<CoreMetadata> metadata) {
        state->deliver(MetadataArrived{url, std::move(metadata)});
    });
}

Arrival LiveMetadata::wait() {
    std::unique_lock lock(state_->mutex);
    state_->arrived.wait(lock, [this] { return !state_->arrivals.empty(); });
    Arrival arrival = std::move(state_->arrivals.front());
    state_->arrivals.pop_front();
    --state_->pending;
    return arrival;
}

std::size_t LiveMetadata::pending() const {
    const std::lock_guard lock(state_->mutex);
    return state_->pending;
}

FetchCounts LiveMetadata::counts() const {
    return {state_->pages.load(), state_->ladder.requests() + state_->archives.requests(),
            state_->session.transfer().counts().bytes - state_->bytes_before};
}

std::vector<Result<WheelCode>> LiveMetadata::read_code(const std::vector<WheelFile>& wheels) {
    return read_wheel_codes(state_->session, wheels);
}

Result<FileDigest> LiveMetadata::read_digest(const WheelFile& file) {
    std::promise<Result<ArchiveFacts>> answer;
    auto arrived = answer.get_future();
    state_->archives.ask({file.url, file.kind, {}, file.subdirectory},
                         [&answer](Result<ArchiveFacts> facts) { answer.set_value(std::move(facts)); });
    const Result<ArchiveFacts> facts = arrived.get();
    if (!facts) return tl::make_unexpected(facts.error());
    return FileDigest{facts->sha256, facts->size_bytes};
}

std::unique_ptr<MetadataSource> LiveMetadata::keeping(std::function<bool(std::string_view)> keep) const {
    LiveMetadataOptions options = state_->options;
    options.keep = std::move(keep);
    return std::make_unique<LiveMetadata>(state_->session, std::move(options));
}

std::unique_ptr<MetadataSource> LiveMetadata::building(const SourcePolicy& policy) const {
    LiveMetadataOptions options = state_->options;
    options.sources = policy;
    return std::make_unique<LiveMetadata>(state_->session, std::move(options));
}

}  // namespace aimlock
