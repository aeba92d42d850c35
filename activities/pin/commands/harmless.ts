/** Programs that fetch nothing from outside, so that a command of theirs is no input. */
export const harmless: ReadonlySet<string> = new Set(
  `: true false test [ [[ echo printf cd pushd popd pwd export set unset alias unalias declare local readonly shift return exit trap wait read type hash umask ulimit
  shopt eval break continue sleep yes seq date whoami id uname hostname which whereis env printenv locale-gen locale update-locale localedef
  ls cat head tail tee tac nl wc sort uniq cut tr sed awk gawk mawk grep egrep fgrep rg find xargs stat file diff cmp comm paste join fold column jq yq
  mkdir rmdir rm cp mv ln touch chmod chown chgrp install mktemp truncate dd sync basename dirname realpath readlink
  tar gzip gunzip zcat bzip2 bunzip2 xz unxz zstd unzstd zip unzip 7z 7za ar cpio
  useradd adduser usermod userdel groupadd addgroup groupmod passwd chpasswd chsh gosu visudo
  ldconfig ldd nm strip objdump patchelf pkg-config update-alternatives update-ca-certificates dpkg dpkg-query dpkg-reconfigure dpkg-divert debconf-set-selections apt-mark apt-config apt-cache apt-ftparchive rpm
  sha1sum sha224sum sha256sum sha384sum sha512sum shasum md5sum b2sum cksum base64 od xxd hexdump gpg gpgv gpgconf openssl dos2unix unix2dos iconv envsubst
  ps kill pkill killall service systemctl nproc free df du mount umount nvidia-smi nvcc gcc g++ cc c++ clang ld as
  git-lfs rename patch crontab tzdata dpkg-deb locale gettext msgfmt fc-cache ccache virtualenv venv activate deactivate
  jupyter tput clear stty script logger time`.split(/\s+/),
);
