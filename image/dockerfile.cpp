// The Dockerfile: a stage a layer, each replaying its slice of the lock into /out, and a final stage that
// takes the stages over one by one. BuildKit and buildah build the stages apart from each other; a layer
// whose slice did not change keeps its cache and its digest. Nothing here needs a registry, a heredoc or a
// newer builder than Docker 20.10.
#include "image/dockerfile.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "image/generated.hpp"
#include "image/lock_slices.hpp"
#include "image/quoting.hpp"

namespace aimlock {
namespace {

/// Collects the steps of one RUN, or of COPY and RUN, of one layer's stage.
class LayerStage {
public:
    LayerStage(const Lock& lock,
               const LayerPlan& plan,
               const DockerfileSettings& settings,
               const Layer& layer)
        : settings_(settings), layer_(layer), target_(*lock.target(plan.target)) {
        const Layer* python = plan.layer(interpreter_layer);
        const auto is_python = [](const LayerPackage& p) {
            return p.kind == PackageKind::conda && p.name == "python";
        };
        const bool locked =
            python != nullptr && std::any_of(python->packages.begin(), python->packages.end(), is_python);
        is_interpreter_ = locked && layer.id == interpreter_layer;
        compiles_ = is_interpreter_ || (locked && holds_python_source(lock, plan, layer));
    }

    std::string render() {
        file(".aimlock/bin/aimlock", "/usr/local/bin/aimlock");
        file(fmt::format("aimlock.lock.d/{}.lock", layer_.id), "/run/aimlock.lock");
        if (settings_.vendored) file(fmt::format(".aimlock/pool/{}", layer_.id), "/run/pool");
        if (compiles_) {
            file(".aimlock/byte_code.py", "/run/byte_code.py");
            if (!is_interpreter_) from_interpreter();
        }
        if (!settings_.vendored) fetching();
        step(fmt::format("test \"$(sha256sum < /usr/local/bin/aimlock)\" = \"{}  -\"",
                         settings_.installer.hex()));
        if (!settings_.vendored && portable()) {
            step("if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; fi");
        }
        step(install());
        if (compiles_) step(compile());
        return fmt::format("FROM ${{BASE}} AS {}\n{}RUN {}\n", layer_.id, copies_,
                           fmt::join(words_, " \\\n    "));
    }

private:
    [[nodiscard]] bool portable() const { return settings_.dialect == Dialect::portable; }

    /// Makes a file or folder of the build context readable in the RUN.
    void file(const std::string& source, std::string_view destination) {
        if (portable()) {
            words_.push_back(fmt::format("--mount=type=bind,source={},target={}", source, destination));
        } else {
            copies_ += fmt::format("COPY {} {}\n", source, destination);
        }
    }

    /// Byte code must come from the environment's own Python, which lies in another layer.
    void from_interpreter() {
        if (portable()) {
            words_.push_back(fmt::format("--mount=type=bind,from={0},source=/out{1},target={1}",
                                         interpreter_layer, image_prefix));
        } else {
            copies_ += fmt::format("COPY --from={0} /out{1} {1}\n", interpreter_layer, image_prefix);
        }
    }

    void fetching() {
        if (!portable()) return;
        words_.emplace_back("--mount=type=cache,id=aimlock,target=/var/cache/aimlock");
        words_.emplace_back("--mount=type=secret,id=ca,target=/run/secrets/ca");
        for (const std::string& secret : settings_.image.secrets) {
            words_.push_back(fmt::format("--mount=type=secret,id={0},target=/run/secrets/{0}", secret));
        }
    }

    void step(std::string command) {
        if (has_steps_) words_.back() += " &&";
        has_steps_ = true;
        words_.push_back(std::move(command));
    }

    [[nodiscard]] std::string install() const {
        const std::string command = fmt::format(
            "aimlock install --lock /run/aimlock.lock --target {} --frozen --prefix {} --root /out",
            target_.name, image_prefix);
        if (settings_.vendored) return command + " --offline --vendor /run/pool";
        const auto& secrets = settings_.image.secrets;
        const bool netrc = portable() && std::ranges::find(secrets, "netrc") != secrets.end();
        return fmt::format("{}AIMLOCK_CACHE_DIR=/var/cache/aimlock {}",
                           netrc ? "NETRC=/run/secrets/netrc " : "", command);
    }

    /// The hash seed decides the order of constants in byte code before Python 3.11.
    [[nodiscard]] std::string compile() const {
        const std::string library =
            std::filesystem::path(target_.python_site_packages_path).parent_path().string();
        return fmt::format("PYTHONHASHSEED=0 {}{}/bin/python -B -s -S /run/byte_code.py /out {}/{}",
                           is_interpreter_ ? "/out" : "", image_prefix, image_prefix, library);
    }

    const DockerfileSettings& settings_;
    const Layer& layer_;
    const LockTarget& target_;
    bool is_interpreter_ = false;
    bool compiles_ = false;
    bool has_steps_ = false;
    std::string copies_;
    std::vector<std::string> words_;
};

/// Text parts that may each be refused; the first refusal wins.
class Parts {
public:
    void add(std::string text) { text_ += text; }
    /// `before` + value + `after`, or the refusal.
    void add(std::string_view before, const Result<std::string>& value, std::string_view after) {
        if (value) {
            text_ += fmt::format("{}{}{}", before, *value, after);
        } else if (!refusal_) {
            refusal_ = value.error();
        }
    }
    void refuse(std::string message, std::string hint = {}) {
        if (!refusal_) refusal_ = fail(ErrorCode::refused, std::move(message), std::move(hint)).value();
    }
    [[nodiscard]] Result<std::string> take() && {
        if (refusal_) return tl::make_unexpected(*std::move(refusal_));
        return std::move(text_);
    }

private:
    std::string text_;
    std::optional<Error> refusal_;
};

void check_settings(Parts& out, const Lock& lock, const LayerPlan& plan, const DockerfileSettings& settings) {
    const ImageManifest& image = settings.image;
    const std::string base = base_reference(lock, image);
    if (base.empty()) {
        out.refuse("the image has no base", "add `[image]` with `base = \"ubuntu:22.04\"` to the manifest");
    } else if (!holds_only(base, "._-/:@")) {
        out.refuse(fmt::format("`{}` is not an image reference", base));
    }
    if (!holds_only(plan.target, "._-")) out.refuse(fmt::format("`{}` is not a target name", plan.target));
    if (const auto valid = check_image_values(image); !valid)
        out.refuse(valid.error().message, valid.error().hint);
    for (const std::string& secret : image.secrets) {
        if (!holds_only(secret, "._-")) out.refuse(fmt::format("`{}` is not a secret's name", secret));
    }
    for (const std::string& package : image.apt) {
        if (!holds_only(package, "+.-=:~") || package.front() == '-')
            out.refuse(fmt::format("`{}` is not a package of apt", package));
    }
    if (settings.vendored) return;
    for (const Package* package : lock.packages_of(plan.target)) {
        const auto is_at = [&](std::string_view scheme) { return package->url.starts_with(scheme); };
        if (is_at("http://") || is_at("https://") || is_at("oci://")) continue;
        out.refuse(fmt::format("{} {} comes from a folder, which a build cannot reach", package->name,
                               package->version),
                   "run `aimlock vendor pool`, then `aimlock image --vendor pool`");
    }
}

/// The base with what does not depend on the lock: its own packages, an account for the user, the working
/// folder.
std::string ground_stage(const ImageManifest& image) {
    std::string text = "FROM ${BASE} AS ground\n";
    if (!image.apt.empty()) {
        text += fmt::format(
            "RUN apt-get update && \\\n    apt-get install -y --no-install-recommends {} && \\\n"
            "    rm -rf /var/lib/apt/lists/*\n",
            fmt::join(image.apt, " "));
    }
    const auto account = own_account(image);
    if (!account) return text + fmt::format("RUN mkdir -p {}\n", image.workdir);
    // Shell words only: a small base has no grep, and no useradd.
    text += fmt::format(
        "RUN known=; while IFS=: read -r _ _ id _; do if [ \"$id\" = {0} ]; then known=yes; fi; done < "
        "/etc/passwd; \\\n"
        "    if [ -z \"$known\" ]; then echo 'aimlock:x:{0}:{1}::/home/aimlock:/bin/sh' >> /etc/passwd; fi "
        "&& \\\n"
        "    mkdir -p /home/aimlock {2} && chown {0}:{1} /home/aimlock {2}\n",
        account->user, account->group, image.workdir);
    return text;
}

void add_environment(Parts& out, const Lock& lock, const LayerPlan& plan, const ImageManifest& image) {
    std::map<std::string, std::string> values = image_environment(lock, plan, image);
    std::string path = fmt::format("ENV PATH={}/bin:${{PATH:-{}}}", image_prefix, default_search_path);
    if (values.erase("PATH") != 0) path = "ENV";
    out.add(std::move(path));
    for (const auto& [name, value] : values) {
        out.add(fmt::format(" \\\n    {}=", name),
                dockerfile_quoted(value, fmt::format("the variable {}", name)), "");
    }
    if (const auto own = image.env.find("PATH"); own != image.env.end()) {
        out.add(" \\\n    PATH=", dockerfile_quoted(own->second, "the variable PATH"), "");
    }
    out.add("\n");
}

/// A RUN that fails on an environment that is empty, cut short or does not start.
Result<std::string> final_check(const Lock& lock, const LayerPlan& plan) {
    const LockTarget& target = *lock.target(plan.target);
    const auto packages = lock.packages_of(plan.target);
    const auto conda = std::count_if(packages.begin(), packages.end(),
                                     [](const Package* p) { return p->kind == PackageKind::conda; });
    if (target.python_version.empty()) {
        return fmt::format("set -- {}/conda-meta/*.json; test \"$#\" -ge {} && test -e \"$1\"", image_prefix,
                           conda);
    }
    const auto is_python = [](const Package* p) {
        return p->kind == PackageKind::conda && p->name == "python";
    };
    const bool own = std::any_of(packages.begin(), packages.end(), is_python);
    const std::string program = fmt::format(
        "import glob, platform; "
        "assert platform.python_version() == '{}', platform.python_version(); "
        "assert len(glob.glob('{}/conda-meta/*.json')) >= {}, 'conda packages are missing'; "
        "assert len(glob.glob('{}/{}/*.dist-info/RECORD')) >= {}, 'wheels are missing'",
        target.python_version, image_prefix, conda, image_prefix, target.python_site_packages_path,
        static_cast<std::ptrdiff_t>(packages.size()) - conda);
    return exec_form({own ? fmt::format("{}/bin/python", image_prefix) : "python3", "-c", program},
                     "the python version");
}

void add_final_stage(Parts& out,
                     const Lock& lock,
                     const LayerPlan& plan,
                     const DockerfileSettings& settings) {
    const ImageManifest& image = settings.image;
    out.add("\nFROM ground\n");
    for (const Layer& layer : plan.layers) out.add(fmt::format("COPY --from={} /out/ /\n", layer.id));
    add_environment(out, lock, plan, image);
    out.add("RUN ", final_check(lock, plan), "\n");
    std::string_view before = "LABEL ";
    for (const auto& [name, value] : image_labels(lock, plan, image, settings.name)) {
        out.add(fmt::format("{}{}=", before, name),
                dockerfile_quoted(value, fmt::format("the label {}", name)), "");
        before = " \\\n    ";
    }
    out.add("\n");
    out.add(fmt::format("WORKDIR {}\n", image.workdir));
    for (const unsigned port : image_ports(lock, plan, image)) out.add(fmt::format("EXPOSE {}\n", port));
    if (!image.healthcheck.empty()) {
        out.add("HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ",
                exec_form(image.healthcheck, "the healthcheck"), "\n");
    }
    out.add(fmt::format("USER {}\n", image.user));
    out.add("CMD ", exec_form(image_command(lock, plan, image), "the command"), "\n");
}

}  // namespace

Result<std::string> render_dockerfile(const Lock& lock,
                                      const LayerPlan& plan,
                                      const DockerfileSettings& settings) {
    if (lock.target(plan.target) == nullptr)
        return fail(ErrorCode::usage, fmt::format("the lock has no target `{}`", plan.target));
    Parts out;
    check_settings(out, lock, plan, settings);
    out.add(fmt::format(
        "# {}\n# Target {}: {} packages in {} layers, {}.\n", generated_marker, plan.target,
        lock.packages_of(plan.target).size(), plan.layers.size(),
        settings.vendored ? "from the vendored pool, with no network" : "fetched while building"));
    out.add(fmt::format("ARG BASE={}\n\n", base_reference(lock, settings.image)));
    out.add(ground_stage(settings.image));
    // A stage can only be used by stages below it: the interpreter first.
    for (const bool interpreter : {true, false}) {
        for (const Layer& layer : plan.layers) {
            if ((layer.id == interpreter_layer) != interpreter) continue;
            out.add("\n" + LayerStage(lock, plan, settings, layer).render());
        }
    }
    add_final_stage(out, lock, plan, settings);
    return std::move(out).take();
}

std::string byte_code_program() {
    return fmt::format("# {}\n{}", generated_marker, R"(#
# byte_code.py ROOT FOLDER [--keep-times] compiles the Python files below ROOT/FOLDER that came without byte code, as
# files of FOLDER. One process, sorted names, unchecked-hash byte code, fixed times: the same layer is the same bytes
# in every build.
import importlib.util
import os
import py_compile
import sys

MOMENT = (315532800, 315532800)  # 1980-01-01, the oldest time that a zip archive can state


def is_compiled(path):
    try:
        with open(path, "rb") as file:
            head = file.read(8)
    except OSError:
        return False
    return head[:4] == importlib.util.MAGIC_NUMBER and head[4:8] == b"\x01\x00\x00\x00"


def compile_tree(root, folder):
    for place, folders, files in os.walk(root + folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(files):
            source = os.path.join(place, name)
            target = importlib.util.cache_from_source(source)
            if not name.endswith(".py") or os.path.islink(source) or is_compiled(target):
                continue
            try:
                py_compile.compile(
                    source,
                    cfile=target,
                    dfile=source[len(root):],
                    doraise=True,
                    invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
                )
            except Exception:
                pass  # templates and tests of other Python versions: they have no byte code anywhere


def settle_times(root):
    for place, _, files in os.walk(root, topdown=False):
        for path in [os.path.join(place, name) for name in files] + [place]:
            os.utime(path, MOMENT, follow_symlinks=False)


compile_tree(sys.argv[1], sys.argv[2])
if len(sys.argv) == 3:
    settle_times(sys.argv[1])
)");
}

}  // namespace aimlock
