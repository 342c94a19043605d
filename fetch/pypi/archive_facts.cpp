#include "fetch/pypi/archive_facts.hpp"

#include <utility>

#include <fmt/format.h>

#include "fetch/archive_store.hpp"
#include "fetch/atomic_file.hpp"
#include "fetch/git/git_commit.hpp"
#include "fetch/packing.hpp"
#include "fetch/pypi/core_metadata.hpp"
#include "fetch/pypi/remote_zip.hpp"
#include "fetch/pypi/source_archive.hpp"
#include "fetch/url.hpp"

namespace aimlock {
namespace {

constexpr std::uint64_t archive_cap = std::uint64_t{2} << 30U;  // it is held in memory

std::string packed(const ArchiveFacts& facts) {
    Packer packer;
    packer.value(facts.sha256);
    packer.value(facts.size_bytes);
    packer.text(pack_core_metadata(facts.metadata));
    packer.text(facts.metadata.unusable);
    packer.value(static_cast<std::uint32_t>(facts.metadata.build_requires.size()));
    for (const std::string& text : facts.metadata.build_requires) packer.text(text);
    return packer.take();
}

std::optional<ArchiveFacts> unpacked(std::string_view bytes) {
    Unpacker in(bytes);
    ArchiveFacts facts;
    facts.sha256 = in.value<Sha256>();
    facts.size_bytes = in.value<std::uint64_t>();
    auto metadata = unpack_core_metadata(in.text());
    const std::string_view unusable = in.text();
    if (!metadata) return std::nullopt;
    facts.metadata = std::move(*metadata);
    facts.metadata.unusable = unusable;
    for (auto left = in.value<std::uint32_t>(); left > 0 && in.good(); --left)
        facts.metadata.build_requires.emplace_back(in.text());
    if (!in.finished()) return std::nullopt;
    facts.metadata.file_bytes = facts.size_bytes;
    return facts;
}

/// The installation will look for it there; a store that cannot be written costs it a second download.
void put_into_store(FetchSession& session,
                    const ArchiveQuestion& question,
                    std::string_view body,
                    Sha256 sha256) {
    Package package;
    package.kind = PackageKind::pypi;
    package.artifact = question.kind;
    package.url = question.url;
    package.sha256 = sha256;
    const auto file = archive_path(session.cache_dir() / "store", package);
    std::error_code failed;
    if (std::filesystem::exists(file, failed)) return;
    auto out = AtomicFile::create(file);
    Result<void> done = out ? out->write(body) : tl::make_unexpected(out.error());
    if (done) done = out->commit();
    if (!done) session.tell_unwritable(done.error());
}

Result<CoreMetadata> metadata_of(const ArchiveQuestion& question,
                                 std::string_view body,
                                 const SourceProjectReader& read_project) {
    const std::string what = shown_url(question.url);
    if (question.kind == ArtifactKind::wheel) {
        auto text = metadata_of_wheel(body, what);
        if (!text) return tl::make_unexpected(text.error());
        return parse_core_metadata(*text, what);
    }
    const auto documents = read_source_documents(body, question.url, question.subdirectory);
    if (documents) return static_metadata(*documents, read_project, what);
    CoreMetadata refused;
    refused.unusable = documents.error().message;
    return refused;
}

Result<std::string> condensed(FetchSession& session,
                              const ArchiveQuestion& question,
                              const SourceProjectReader& read_project,
                              std::string_view body) {
    ArchiveFacts facts{sha256_of(body), body.size(), {}};
    if (question.sha256.known() && facts.sha256 != question.sha256) {
        return fail(ErrorCode::integrity,
                    fmt::format("{}: sha256 is {}, but {} was promised", shown_url(question.url),
                                facts.sha256.hex(), question.sha256.hex()));
    }
    auto metadata = metadata_of(question, body, read_project);
    if (!metadata) return tl::make_unexpected(std::move(metadata.error()));
    facts.metadata = std::move(*metadata);
    if (facts.metadata.name.empty()) facts.metadata.name = "?";  // a form without a name is a damaged one
    if (!is_file_url(question.url)) put_into_store(session, question, body, facts.sha256);
    return packed(facts);
}

}  // namespace

ArchiveReader::ArchiveReader(FetchSession& session, SourceProjectReader read_project)
    : shared_(new Shared{session, std::move(read_project), {0}}) {}

DocumentRequest ArchiveReader::request_for(const std::shared_ptr<Shared>& shared,
                                           const ArchiveQuestion& question) {
    DocumentRequest request;
    request.url = question.url;
    request.immutable = question.sha256.known();
    request.as_it_is = true;
    request.body_cap = archive_cap;
    request.form = "archive 1";
    if (!question.subdirectory.empty()) request.form += " " + question.subdirectory;
    // The hash names the bytes, wherever they lie.
    if (question.sha256.known()) request.key = "archive-of-sha256:" + question.sha256.hex();
    request.condense = [shared, question](std::string_view body, const std::string& /*url*/) {
        return condensed(shared->session, question, shared->read_project, body);
    };
    request.check = [question](std::string_view bytes) -> Result<void> {
        const auto facts = unpacked(bytes);
        const bool good = facts && (!question.sha256.known() || facts->sha256 == question.sha256);
        return good ? Result<void>{} : fail(ErrorCode::internal, "a packed archive cannot be read");
    };
    return request;
}

std::optional<ArchiveFacts> ArchiveReader::at_hand(const ArchiveQuestion& question) {
    const auto document = shared_->session.at_hand(request_for(shared_, question));
    return document && document->exists ? unpacked(document->bytes()) : std::nullopt;
}

// A commit never changes: what its tree is stays true for ever.
Result<ArchiveFacts> ArchiveReader::read_commit(Shared& shared, const ArchiveQuestion& question) {
    FetchSession& session = shared.session;
    const std::string key = question.url + "#" + question.subdirectory;
    constexpr const char* form = "commit 1";
    if (const auto cached = session.cache().find(key); cached && cached->coding == form) {
        if (auto facts = unpacked(cached->body)) return std::move(*facts);
    }
    if (session.options().offline) {
        return fail(ErrorCode::offline_miss,
                    shown_url(question.url) + " is not in the cache, and --offline allows no request",
                    "Run once without --offline");
    }
    ++shared.requests;
    const auto tree = fetch_commit(session, question.url);
    if (!tree) return tl::make_unexpected(tree.error());
    const auto bytes = condensed(session, question, shared.read_project, *tree);
    if (!bytes) return tl::make_unexpected(bytes.error());
    CachedDocument document;
    document.url = question.url;
    document.coding = form;
    document.body = *bytes;
    session.store(key, document);
    return *unpacked(*bytes);
}

void ArchiveReader::ask(const ArchiveQuestion& question, Done done) {
    if (question.kind == ArtifactKind::git) {
        return shared_->session.workers().submit(
            [shared = shared_, question, done = std::move(done)] { done(read_commit(*shared, question)); });
    }
    ask(shared_, question, 1, std::move(done));
}

void ArchiveReader::ask(const std::shared_ptr<Shared>& shared,
                        const ArchiveQuestion& question,
                        unsigned attempt,
                        Done done) {
    shared->session.ask(request_for(shared, question), [shared, question, attempt,
                                                        done = std::move(done)](Result<Document> document) {
        if (document && !document->from_cache) ++shared->requests;
        if (!document && document.error().code == ErrorCode::integrity && attempt == 1)
            return ask(shared, question, 2, done);  // bits flip on their way
        if (!document) return done(tl::make_unexpected(std::move(document.error())));
        if (!document->exists) {
            return done(fail(ErrorCode::not_found, shown_url(question.url) + ": there is no such file",
                             "Check the address"));
        }
        auto facts = unpacked(document->bytes());
        if (!facts) return done(fail(ErrorCode::internal, "a packed archive cannot be read"));
        done(std::move(*facts));
    });
}

}  // namespace aimlock
